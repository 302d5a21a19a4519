/** A row of Grafana's annotation table; `dashboardUID` null is a mark of the organization. */
export interface Mark {
  id: number;
  dashboardUID: string | null;
  panelId: number;
  /** Epoch milliseconds; of a point, both are the same. */
  time: number;
  timeEnd: number;
  text: string;
  tags: string[];
  created: number;
  updated: number;
}

export interface MarkFilter {
  from: number;
  to: number;
  dashboardUID: string | undefined;
  panelId: number;
  tags: string[];
  matchAny: boolean;
  limit: number;
}

/** Grafana's `tags_length`: what all tags of a mark may have together. */
const tagsLength = 500;

/** What Grafana's database does with marks, with its surprises. */
export class AnnotationTable {
  #rows: Mark[] = [];
  #lastId = 0;

  all(): Mark[] {
    return this.#rows.map((row) => ({ ...row, tags: [...row.tags] }));
  }

  get(id: number): Mark | undefined {
    return this.#rows.find((row) => row.id === id);
  }

  add(
    mark: Pick<Mark, 'dashboardUID' | 'panelId' | 'time' | 'timeEnd' | 'text'>,
    tags: readonly string[],
  ): number | 'tag-limit' | 'tag-too-long' {
    if (tooLong(tags)) return 'tag-limit';
    const now = Date.now();
    const time = mark.time === 0 ? now : mark.time;
    const timeEnd = mark.timeEnd === 0 ? time : mark.timeEnd;
    this.#lastId += 1;
    const row = {
      ...mark,
      id: this.#lastId,
      ...inOrder(time, timeEnd),
      tags: [] as string[],
      created: now,
      updated: now,
    };
    this.#rows.push(row);
    // The row is there already when the tag does not fit into its column.
    if (tags.some(doesNotFit)) return 'tag-too-long';
    row.tags = stored(tags);
    return row.id;
  }

  /** Empty text and zero times change nothing, as in a PATCH. */
  change(
    id: number,
    change: { text: string; tags: readonly string[] | null; time: number; timeEnd: number },
  ): 'changed' | 'missing' | 'tag-limit' | 'tag-too-long' {
    const row = this.get(id);
    if (row === undefined) return 'missing';
    if (change.tags !== null && tooLong(change.tags)) return 'tag-limit';
    if (change.text !== '') row.text = change.text;
    const time = change.time > 0 ? change.time : row.time;
    const timeEnd = change.timeEnd > 0 ? change.timeEnd : row.timeEnd;
    Object.assign(row, inOrder(time, timeEnd));
    row.updated = Date.now();
    if (change.tags === null) return 'changed';
    if (change.tags.some(doesNotFit)) return 'tag-too-long';
    row.tags = stored(change.tags);
    return 'changed';
  }

  remove(id: number): boolean {
    const before = this.#rows.length;
    this.#rows = this.#rows.filter((row) => row.id !== id);
    return this.#rows.length < before;
  }

  find(filter: MarkFilter): Mark[] {
    const { from, to, dashboardUID, panelId, tags, matchAny, limit } = filter;
    return this.all()
      .filter((row) => from === 0 || to === 0 || (row.time <= to && row.timeEnd >= from))
      .filter((row) => dashboardUID === undefined || row.dashboardUID === dashboardUID)
      .filter((row) => panelId === 0 || row.panelId === panelId)
      .filter((row) => {
        const wanted = stored(tags);
        const has = (tag: string) => row.tags.includes(tag);
        return wanted.length === 0 || (matchAny ? wanted.some(has) : wanted.every(has));
      })
      .sort((a, b) => b.timeEnd - a.timeEnd || b.time - a.time)
      .slice(0, limit === 0 ? 100 : limit);
  }
}

const inOrder = (time: number, timeEnd: number) => ({
  time: Math.min(time, timeEnd),
  timeEnd: Math.max(time, timeEnd),
});

const tooLong = (tags: readonly string[]): boolean => tags.join('').length > tagsLength;

/** Key and value, split at the first colon, have 100 characters each. */
const doesNotFit = (tag: string): boolean => {
  const [key = '', ...rest] = tag.split(':');
  return key.trim().length > 100 || rest.join(':').trim().length > 100;
};

const stored = (tags: readonly string[]): string[] => [
  ...new Set(
    tags
      .map((tag) => {
        const [key = '', ...rest] = tag.split(':');
        return rest.length === 0 ? key.trim() : `${key.trim()}:${rest.join(':').trim()}`;
      })
      .filter((tag) => tag !== ''),
  ),
];
