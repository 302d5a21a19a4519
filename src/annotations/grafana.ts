import type { Capture } from '../captures/capture.ts';
import { finalStates } from '../captures/capture.ts';
import { Failure } from '../reasons/failure.ts';
import type { Annotator } from '../captures/annotator.ts';
import type { Link } from '../profile/link.ts';
import { grafanaApi, type GrafanaAccess, type GrafanaAnnotation, type NewAnnotation } from './grafana-api.ts';
import { findPanel, showsMarks, type PanelSeen } from './grafana-panel.ts';
import { captureTag, pointOf, regionOf, runningTag, tagsOf } from './mark.ts';
import { neighboursOf, withNeighbours } from './neighbours.ts';
import { beginText, finishText, type Surroundings } from './text.ts';
import type { Panel } from '../alerts/panel.ts';

export interface GrafanaOptions extends GrafanaAccess {
  /** Where people reach flamepin; null when it is not configured. */
  publicUrl: string | null;
  /** A link to an artifact that works without flamepin (the store's), for when there is no publicUrl. */
  signedLink?: ((key: string) => Promise<{ url: string; expiresAt: Date } | undefined>) | undefined;
  /** The same time in the continuous profilers that are configured. Default: none. */
  profilerLinks?: ((capture: Capture) => Link[]) | undefined;
  /**
   * Marks without a panel become marks of the organization, which only dashboards with a tag query show, and
   * which need the right `annotations:type:organization`. Default false: they fail with panel-unknown.
   */
  organizationMarks?: boolean | undefined;
}

/** Where a mark goes, in Grafana's terms. */
interface Place {
  where: Pick<NewAnnotation, 'dashboardUID' | 'panelId'>;
  note: string;
}

/** Around a mark, what is asked for to find its neighbours and theirs: two shortest regions to either side. */
const neighbourhoodMs = 30 * 60_000;
/** Neighbours whose text is put right after a mark has got its final place; each costs a request. */
const mostTold = 10;

/**
 * Marks Grafana's panels. A mark is found again by its tag, so that a repeated or interrupted call never makes a
 * second one; what Grafana silently loses (unknown dashboards, panels) is checked before and read back after.
 */
export function grafanaAnnotator(options: GrafanaOptions): Annotator {
  const api = grafanaApi(options);

  /** Marks of one dashboard are written one after the other, since they name each other in their texts. */
  const turns = new Map<string, Promise<unknown>>();
  function inTurn<T>({ panel }: Capture, work: () => Promise<T>): Promise<T> {
    const dashboard = panel?.dashboardUid ?? '';
    const turn = (turns.get(dashboard) ?? Promise.resolve()).then(work, work);
    turns.set(dashboard, turn);
    const done = () => {
      if (turns.get(dashboard) === turn) turns.delete(dashboard);
    };
    turn.then(done, done);
    return turn;
  }

  async function placeOf(panel: Panel | null, signal: AbortSignal): Promise<Place> {
    if (panel === null) {
      if (options.organizationMarks === true) return { where: {}, note: '' };
      throw new Failure('panel-unknown');
    }
    const { dashboardUid, panelId } = panel;
    if (panelId === null) {
      await api.dashboard(dashboardUid, signal);
      return { where: { dashboardUID: dashboardUid }, note: '' };
    }
    const { panel: found } = await inspectPanel(options, dashboardUid, panelId, signal);
    if (found.drawsMarks) return { where: { dashboardUID: dashboardUid, panelId }, note: '' };
    const note = `The alert’s own panel (type ${found.type}) draws no annotations; this one is on every panel that does.`;
    return { where: { dashboardUID: dashboardUid }, note };
  }

  /** The capture's mark, when it has one. Were there two, from an answer that came after its deadline, one goes. */
  async function existing(capture: Capture, signal: AbortSignal): Promise<GrafanaAnnotation | undefined> {
    const onDashboard = capture.panel === null ? {} : { dashboardUID: capture.panel.dashboardUid };
    const marks = await api.find({ tags: [captureTag(capture.id)], ...onDashboard }, signal);
    const [first, ...others] = marks.toSorted((a, b) => a.id - b.id);
    for (const other of others) await api.remove(other.id, signal);
    return first;
  }

  async function surroundings(capture: Capture, place: string): Promise<Surroundings> {
    const { publicUrl } = options;
    const picture = capture.artifacts.find(({ name }) => name === 'flamegraph.html');
    const signed =
      publicUrl === null && picture !== undefined ? await options.signedLink?.(picture.key) : undefined;
    return {
      publicUrl,
      signed: signed ?? null,
      place,
      profilerLinks: options.profilerLinks?.(capture) ?? [],
    };
  }

  /** The mark in the form that the capture is in now, and the other marks around it. */
  async function compose(
    capture: Capture,
    mark: Partial<GrafanaAnnotation>,
    note: string,
    signal: AbortSignal,
  ) {
    const around = await surroundings(capture, note);
    const running = !finalStates.some((final) => final === capture.state);
    const answered = capture.answer !== null;
    const text = running && !answered ? beginText(capture, around) : finishText(capture, around);
    const times = capture.state === 'done' || answered ? regionOf(capture) : { time: pointOf(capture) };
    const tags = [...tagsOf(capture), ...(running ? [runningTag] : [])];
    const marks = await marksAround(capture, times, signal);
    const self = { ...mark, id: mark.id ?? 0, ...times, text, tags };
    return {
      change: { ...times, tags, text: withNeighbours(text, neighboursOf(self, marks), options.publicUrl) },
      marks,
    };
  }

  async function marksAround(
    { panel }: Capture,
    times: { time: number; timeEnd?: number },
    signal: AbortSignal,
  ) {
    if (panel === null) return [];
    const marks = await api.find(
      {
        tags: ['flamepin'],
        dashboardUID: panel.dashboardUid,
        from: times.time - neighbourhoodMs,
        to: (times.timeEnd ?? times.time) + neighbourhoodMs,
      },
      signal,
    );
    // Two flamepins may share a Grafana; the pages of the other one are not here.
    return marks.filter(({ text }) => options.publicUrl === null || text.includes(options.publicUrl));
  }

  /** Puts this mark's name into the texts of those that lie upon it; those still running look for themselves. */
  async function tellNeighbours(
    mark: GrafanaAnnotation,
    marks: readonly GrafanaAnnotation[],
    signal: AbortSignal,
  ) {
    const all = [...marks.filter(({ id }) => id !== mark.id), mark];
    for (const neighbour of neighboursOf(mark, all).slice(0, mostTold)) {
      if (neighbour.tags?.includes(runningTag) === true) continue;
      const text = withNeighbours(neighbour.text, neighboursOf(neighbour, all), options.publicUrl);
      if (text !== neighbour.text) await api.change(neighbour.id, { text }, signal);
    }
  }

  /** Makes the mark and looks whether it is where it should be. */
  async function make(capture: Capture, signal: AbortSignal): Promise<GrafanaAnnotation> {
    const { where, note } = await placeOf(capture.panel, signal);
    const { change, marks } = await compose(capture, where, note, signal);
    const id = await api.create({ ...where, ...change }, signal);
    const made = await existing(capture, signal);
    const right =
      made !== undefined &&
      (where.dashboardUID === undefined || made.dashboardUID === where.dashboardUID) &&
      (made.panelId ?? 0) === (where.panelId ?? 0);
    if (!right) {
      await api.remove(id, signal);
      throw new Failure('grafana-rejected', {
        detail: 'Grafana accepted the mark, but not on this dashboard and panel',
      });
    }
    await tellNeighbours(made, marks, signal);
    return made;
  }

  /** False when somebody has deleted the mark in the meantime. */
  async function change(mark: GrafanaAnnotation, capture: Capture, signal: AbortSignal): Promise<boolean> {
    const note = await noteFor(mark, capture, () => placeOf(capture.panel, signal));
    const { change, marks } = await compose(capture, mark, note, signal);
    if (!(await api.change(mark.id, change, signal))) return false;
    const changed = await existing(capture, signal);
    if (changed === undefined) return false;
    if (changed.text !== change.text)
      throw new Failure('grafana-rejected', {
        detail: 'Grafana accepted the new text, but shows a different one',
      });
    await tellNeighbours(changed, marks, signal);
    return true;
  }

  return {
    begin: (capture, signal) =>
      inTurn(capture, async () => (await existing(capture, signal))?.id ?? (await make(capture, signal)).id),

    finish: (capture, signal) =>
      inTurn(capture, async () => {
        const mark = await existing(capture, signal);
        if (mark !== undefined && (await change(mark, capture, signal))) return mark.id;
        return (await make(capture, signal)).id;
      }),
  };
}

/** Only a mark that is not on its own panel says why; the others save the request. */
async function noteFor(
  mark: GrafanaAnnotation,
  { panel }: Capture,
  place: () => Promise<Place>,
): Promise<string> {
  if (panel === null || panel.panelId === null || mark.panelId === panel.panelId) return '';
  return (await place()).note;
}

/**
 * Looks at a panel before it is marked, also for `doctor`. Rejects with panel-not-found, grafana-denied,
 * grafana-unavailable. `visible` is false when the dashboard's own marks are switched off, `mayMark` when the token
 * may not make, change and delete them there (null: this Grafana does not say).
 */
export async function inspectPanel(
  access: GrafanaAccess,
  dashboardUid: string,
  panelId: number,
  signal: AbortSignal,
): Promise<{ panel: PanelSeen; visible: boolean; mayMark: boolean | null }> {
  const { dashboard, mayMark } = await grafanaApi(access).dashboard(dashboardUid, signal);
  const panel = findPanel(dashboard, panelId);
  if (panel === undefined)
    throw new Failure('panel-not-found', { detail: `dashboard ${dashboardUid} has no panel ${panelId}` });
  return { panel, visible: showsMarks(dashboard), mayMark };
}
