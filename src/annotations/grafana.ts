import type { Capture, Panel } from '../captures/capture.ts';
import { finalStates } from '../captures/capture.ts';
import { Failure } from '../reasons/failure.ts';
import type { Annotator } from './annotator.ts';
import { grafanaApi, type GrafanaAccess, type GrafanaAnnotation, type NewAnnotation } from './grafana-api.ts';
import { findPanel, showsMarks, type PanelSeen } from './grafana-panel.ts';
import { captureTag, pointOf, regionOf, tagsOf } from './mark.ts';
import { beginText, finishText, type Neighbour, type Surroundings } from './text.ts';

export interface GrafanaOptions extends GrafanaAccess {
  /** Where people reach flamepin; null when nobody said. */
  publicUrl: string | null;
  /** A link to an artifact that works without flamepin (the store's), for when there is no publicUrl. */
  signedLink?: ((key: string) => Promise<{ url: string; expiresAt: Date } | undefined>) | undefined;
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

/** Half of what a mark covers at 24 h: nearer than this, two marks lie upon one another. */
const neighbourhoodMs = 15 * 60_000;

/**
 * Marks Grafana's panels. A mark is found again by its tag, so that a repeated or interrupted call never makes a
 * second one; what Grafana silently loses (unknown dashboards, panels) is checked before and read back after.
 */
export function grafanaAnnotator(options: GrafanaOptions): Annotator {
  const api = grafanaApi(options);

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
    const note = `The alert’s own panel, of type ${found.type}, draws no marks; this one is on all panels that do.`;
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

  async function surroundings(capture: Capture, note: string, signal: AbortSignal): Promise<Surroundings> {
    const { publicUrl } = options;
    const picture = capture.artifacts.find(({ name }) => name === 'flamegraph.html');
    const signed =
      publicUrl === null && picture !== undefined ? await options.signedLink?.(picture.key) : undefined;
    return { publicUrl, signed: signed ?? null, neighbours: await neighbours(capture, signal), place: note };
  }

  async function neighbours({ id, panel, timeline }: Capture, signal: AbortSignal): Promise<Neighbour[]> {
    if (panel === null || timeline.startedAt === null) return [];
    const middle = Date.parse(timeline.startedAt);
    const marks = await api.find(
      {
        tags: ['flamepin'],
        dashboardUID: panel.dashboardUid,
        from: middle - neighbourhoodMs,
        to: middle + neighbourhoodMs,
      },
      signal,
    );
    return marks
      .toSorted((a, b) => Math.abs(a.time - middle) - Math.abs(b.time - middle))
      .filter((mark) => panel.panelId === null || (mark.panelId ?? 0) === 0 || mark.panelId === panel.panelId)
      .map(({ tags }) => ({ captureId: tagged(tags, 'flamepin:'), name: nameOf(tags) }))
      .filter(({ captureId }) => captureId !== '' && captureId !== id);
  }

  /** Makes the mark and looks whether it is where it should be. */
  async function make(
    capture: Capture,
    where: Place['where'],
    mark: Omit<NewAnnotation, 'tags'>,
    signal: AbortSignal,
  ) {
    const id = await api.create({ ...where, ...mark, tags: tagsOf(capture) }, signal);
    const made = await existing(capture, signal);
    const right =
      made !== undefined &&
      (where.dashboardUID === undefined || made.dashboardUID === where.dashboardUID) &&
      (made.panelId ?? 0) === (where.panelId ?? 0);
    if (right) return made.id;
    await api.remove(id, signal);
    throw new Failure('grafana-rejected', {
      detail: 'Grafana took the mark, but not for this dashboard and panel',
    });
  }

  /** The mark's text and times in the form that the capture is in now. */
  const form = (capture: Capture, around: Surroundings): Omit<NewAnnotation, 'tags'> =>
    capture.state === 'done'
      ? { text: finishText(capture, around), ...regionOf(capture) }
      : {
          text: isFinal(capture) ? finishText(capture, around) : beginText(capture, around),
          time: pointOf(capture),
        };

  return {
    async begin(capture, signal) {
      const mark = await existing(capture, signal);
      if (mark !== undefined) return mark.id;
      const place = await placeOf(capture.panel, signal);
      return make(
        capture,
        place.where,
        form(capture, await surroundings(capture, place.note, signal)),
        signal,
      );
    },

    async finish(capture, signal) {
      const mark = await existing(capture, signal);
      if (mark !== undefined) {
        const note = await noteFor(mark, capture, () => placeOf(capture.panel, signal));
        const change = { ...form(capture, await surroundings(capture, note, signal)), tags: tagsOf(capture) };
        if (await api.change(mark.id, change, signal)) {
          const changed = await existing(capture, signal);
          if (changed !== undefined && changed.text !== change.text)
            throw new Failure('grafana-rejected', {
              detail: 'Grafana took the new text, but shows another one',
            });
          if (changed !== undefined) return changed.id;
        }
      }
      // Never made, or taken away by somebody in between.
      const place = await placeOf(capture.panel, signal);
      return make(
        capture,
        place.where,
        form(capture, await surroundings(capture, place.note, signal)),
        signal,
      );
    },
  };
}

/** Only a mark that is not on its panel needs to be told why; the others save the request. */
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
 * grafana-unavailable. `visible` is false when the dashboard's own marks are switched off.
 */
export async function inspectPanel(
  access: GrafanaAccess,
  dashboardUid: string,
  panelId: number,
  signal: AbortSignal,
): Promise<{ panel: PanelSeen; visible: boolean }> {
  const dashboard = await grafanaApi(access).dashboard(dashboardUid, signal);
  const panel = findPanel(dashboard, panelId);
  if (panel === undefined)
    throw new Failure('panel-not-found', { detail: `dashboard ${dashboardUid} has no panel ${panelId}` });
  return { panel, visible: showsMarks(dashboard) };
}

const isFinal = ({ state }: Capture): boolean => finalStates.some((final) => final === state);

const tagged = (tags: readonly string[] | null | undefined, start: string): string =>
  tags?.find((tag) => tag.startsWith(start))?.slice(start.length) ?? '';

const nameOf = (tags: readonly string[] | null | undefined): string =>
  [tagged(tags, 'alert:'), tagged(tags, 'workload:')].filter((part) => part !== '').join(' · ');
