import { html } from 'ghtml';
import { clip, link, pageUrl } from './markup.ts';

/** A mark as Grafana keeps it; `panelId` 0 or missing is the whole dashboard. */
interface PlacedMark {
  id: number;
  panelId?: number | null | undefined;
  time: number;
  timeEnd?: number | null | undefined;
  tags?: readonly string[] | null | undefined;
}

/** Nearer than this, points count as overlapping: what a mark of 10 px covers at 24 h on 1,000 px. */
const pointReachMs = 15 * 60_000;
const mostNamed = 5;
const beginning = '<br>Also profiled here at this time: ';

/**
 * The marks of flamepin that share pixels with this one at some range. Grafana stacks marks in the order in which
 * its database lists them (the one that ended first lies on top) and shows the uppermost only, so each names the
 * others.
 */
export function neighboursOf<M extends PlacedMark>(mark: M, marks: readonly M[]): M[] {
  const reach = ({ time, timeEnd }: PlacedMark) =>
    timeEnd === undefined || timeEnd === null || timeEnd <= time
      ? { from: time - pointReachMs, to: time + pointReachMs }
      : { from: time, to: timeEnd };
  const mine = reach(mark);
  const samePanel = (other: M) => {
    const [a, b] = [mark.panelId ?? 0, other.panelId ?? 0];
    return a === 0 || b === 0 || a === b;
  };
  const overlaps = (other: M) => {
    const theirs = reach(other);
    return theirs.from <= mine.to && theirs.to >= mine.from;
  };
  return marks
    .filter(
      (other) => other.id !== mark.id && captureIdOf(other) !== '' && samePanel(other) && overlaps(other),
    )
    .toSorted((a, b) => Math.abs(a.time - mark.time) - Math.abs(b.time - mark.time) || a.id - b.id);
}

/** The text with its line about neighbours, which is always the last, put right. */
export function withNeighbours(text: string, marks: readonly PlacedMark[], publicUrl: string | null): string {
  const at = text.indexOf(beginning);
  const own = at === -1 ? text : text.slice(0, at);
  if (marks.length === 0) return own;
  const named = marks.slice(0, mostNamed).map((mark) => {
    const captureId = captureIdOf(mark);
    const text = clip(`${timeOf(mark)} ${nameOf(mark) || captureId}`, 120);
    return publicUrl === null ? html`${text}` : link({ text, url: pageUrl(publicUrl, captureId) });
  });
  return `${own}${beginning}${named.join(', ')}${rest(marks, publicUrl)}`;
}

function rest(marks: readonly PlacedMark[], publicUrl: string | null): string {
  if (marks.length <= mostNamed) return '';
  const text = `${marks.length - mostNamed} more`;
  if (publicUrl === null) return ` and ${text}`;
  const iso = (time: number) => new Date(time).toISOString();
  const times = new URLSearchParams({
    since: iso(Math.min(...marks.map(({ time }) => time))),
    until: iso(Math.max(...marks.map(({ time, timeEnd }) => timeEnd ?? time))),
  });
  return ` and ${link({ text, url: `${publicUrl.replace(/\/+$/, '')}/captures?${times.toString()}` })}`;
}

/** '' for a mark that is not of a capture. */
const captureIdOf = ({ tags }: Pick<PlacedMark, 'tags'>): string => {
  const id = tagged(tags, 'flamepin:');
  return /^c-[0-9a-z]{26}$/.test(id) ? id : '';
};

/** Grafana shows a mark in the reader's zone; the link says which one, so UTC is said. */
const timeOf = ({ time }: PlacedMark): string => `${new Date(time).toISOString().slice(11, 16)} UTC`;

const nameOf = ({ tags }: PlacedMark): string =>
  [tagged(tags, 'alert:'), tagged(tags, 'workload:')].filter((part) => part !== '').join(' · ');

const tagged = (tags: PlacedMark['tags'], start: string): string =>
  tags?.find((tag) => tag.startsWith(start))?.slice(start.length) ?? '';
