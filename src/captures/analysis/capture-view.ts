import type { View, ViewDetail } from '../../flamegraph/view.ts';
import { describeReason } from '../../reasons/failure.ts';
import { firedView } from './fired-view.ts';
import { baselineFlaw } from '../baselines/baseline-health.ts';
import type { Capture, Timeline } from '../capture.ts';
import { captureTitle, isFinal, outcomeSentence } from '../outcome.ts';
import type { Artifact } from '../../artifacts/artifact.ts';
import type { Answer } from '../../profile/answer/answer.ts';
import type { Link } from '../../profile/link.ts';

interface ViewOptions {
  /** Prefix of links: '' on flamepin's own pages, the public URL in a file that is passed around, null without one. */
  base: string | null;
  applicationPackages: readonly string[];
  /** In addition to its own files: the same window in continuous profilers, other captures. */
  otherLinks: readonly Link[];
  /** The capture's panel in the configured Grafana; null: the one that the alert itself names, if any. */
  panelUrl?: string | null;
}

/** A capture in any state, as the page shows it: the answer first, then the evidence, then how it was obtained. */
export function captureView(
  capture: Capture,
  { base, applicationPackages, otherLinks, panelUrl = null }: ViewOptions,
): View {
  const { answer, timeline, request } = capture;
  return {
    title: captureTitle(capture),
    badges: badges(capture),
    fired: firedView(capture, panelUrl),
    headline: outcomeSentence(capture),
    nextSteps: nextSteps(capture),
    // Baselines and siblings are healthy: there is no cause to be confident about.
    confidence:
      request.purpose === 'baseline' || request.purpose === 'sibling' ? null : (answer?.confidence ?? null),
    lines: lines(capture),
    window:
      answer === null || timeline.startedAt === null
        ? null
        : { startedAt: Date.parse(timeline.startedAt), durationSeconds: request.durationSeconds },
    event: request.event,
    comparison:
      answer?.comparison == null
        ? null
        : {
            ...answer.comparison,
            rows: [...answer.comparison.rows, ...answer.comparison.otherRows],
            baseHref: baseHref(capture, base),
          },
    topFrames: answer?.topFrames ?? [],
    facts: facts(capture),
    links: [...pageLink(capture, base), ...links(capture, base), ...otherLinks],
    details: details(capture),
    applicationPackages,
  };
}

/** Where there is no answer, what to do is the remedy. */
function nextSteps({ answer, reason }: Capture): string[] {
  return answer === null && reason !== null ? [describeReason(reason).remedy] : [];
}

function badges(capture: Capture): View['badges'] {
  const all: View['badges'][number][] = [];
  if (capture.request.purpose === 'alert')
    all.push(
      capture.alertResolvedAt === null
        ? { text: 'firing', tone: 'alarm' }
        : { text: 'resolved', tone: 'calm' },
    );
  if (capture.siblingOf !== null) all.push({ text: 'sibling', tone: 'quiet' });
  if (capture.state !== 'done') all.push({ text: capture.state, tone: stateTone(capture) });
  if (capture.partial) all.push({ text: 'partial', tone: 'warning' });
  if (capture.harm !== null)
    all.push(
      capture.harmBlocks === false
        ? { text: 'target gone', tone: 'quiet' }
        : { text: 'target died', tone: 'alarm' },
    );
  return all;
}

/** Work in progress needs watching; a skipped capture touched nothing. */
function stateTone(capture: Capture): 'alarm' | 'quiet' | 'warning' {
  if (!isFinal(capture)) return 'warning';
  return capture.state === 'failed' ? 'alarm' : 'quiet';
}

function lines(capture: Capture): string[] {
  const { answer, reason, harm, harmBlocks, sibling, siblingOf } = capture;
  const told = harmBlocks === false ? 'was shut down as planned' : 'died or restarted';
  const all = harm === null ? [] : [`The target ${told} within five minutes of its window: ${harm}`];
  if (sibling !== null && sibling.harm !== null) all.push(siblingHarm(sibling.name, sibling.harm));
  if (siblingOf !== null)
    all.push(`A healthy sibling of ${siblingOf.name}, profiled in the same window to compare it with.`);
  if (answer !== null) {
    all.push(...unstoredLines(capture));
    const about = capture.state === 'done' ? baselineLines(capture, answer) : [];
    all.push(
      ...(capture.request.purpose === 'baseline' ? [...about, ...answer.lines] : [...answer.lines, ...about]),
    );
    const stored = capture.timeline.storedAt !== null;
    if (stored && !capture.artifacts.some(({ name }) => name === 'profile.json'))
      all.push('The pictures have passed their retention and were deleted; this is what was kept.');
    return all;
  }
  if (reason !== null) {
    if (reason.detail !== '') all.push(`Found: ${reason.detail}`);
    if (capture.storeRetry !== null) all.push(nextTry(capture.storeRetry));
    all.push(leftInTarget(capture));
    return all;
  }
  if (!isFinal(capture)) all.push(progress(capture), 'This page updates itself.');
  return all;
}

/** There is an answer but no flame graph: why, and whether it will still come. */
function unstoredLines({ state, reason, storeRetry }: Capture): string[] {
  if (state === 'done' || reason === null) return [];
  const { sentence, remedy } = describeReason(reason);
  const found = reason.detail === '' ? '' : ` (${reason.detail})`;
  const words = state === 'failed' ? 'was never stored' : 'is not stored yet';
  return [
    `The flame graph ${words}: ${sentence}${found}`,
    ...(storeRetry === null ? [] : [nextTry(storeRetry)]),
    remedy,
  ];
}

function nextTry({ since, tries, nextTryAt }: NonNullable<Capture['storeRetry']>): string {
  const failed = tries === 1 ? '1 try has failed' : `${tries} tries have failed`;
  return `The recording is kept, and storing it will be retried: ${failed} since ${utc(since)}, the next is due at ${utc(nextTryAt)}.`;
}

/** `2026-11-23 02:14:07 UTC` */
const utc = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

/** Possible harm is always shown, also for a sibling, which has no annotation of its own. */
function siblingHarm(name: string, harm: string): string {
  return `The sibling ${name} died or restarted within five minutes of its window: ${harm}`;
}

/** Whether it can serve as a baseline or sibling; for an alert's capture, how to get a baseline. */
function baselineLines(capture: Capture, { comparedWith }: Answer): string[] {
  if (capture.request.purpose === 'baseline') {
    const flaw = baselineFlaw(capture);
    return [
      flaw === null
        ? 'A baseline: later captures of this workload are compared with it.'
        : `Not usable as a baseline: ${flaw}.`,
    ];
  }
  if (capture.siblingOf !== null) {
    const flaw = baselineFlaw(capture);
    return flaw === null ? [] : [`Not used for comparison automatically: ${flaw}.`];
  }
  return comparedWith === null
    ? [
        'This workload has no baseline to compare with. While it is healthy, take one with POST /captures and "purpose": "baseline", or list it under `baselines` to take them on a schedule.',
      ]
    : [];
}

function progress(capture: Capture): string {
  const { startedAt } = capture.timeline;
  switch (capture.state) {
    case 'capturing': {
      if (startedAt === null) return 'The profiler is starting.';
      const end = new Date(Date.parse(startedAt) + capture.request.durationSeconds * 1000).toISOString();
      return `The window ends at ${end.slice(11, 19)} UTC.`;
    }
    case 'storing':
      return 'The window is over; the recording is being read and stored.';
    default:
      return 'It is waiting for a free slot; limits.total and limits.perNode say how many captures run at once.';
  }
}

/** After a failure the service's owner first asks whether anything was left behind. */
function leftInTarget(capture: Capture): string {
  if (capture.session === null) return 'Nothing was left in the target.';
  if (capture.timeline.collectedAt !== null) return 'The target was cleaned: flamepin left nothing in it.';
  return `The profiler stops by itself. If the target is still running, these flamepin files may be left in it and can be removed: ${capture.session.leftovers.join(', ')}`;
}

function facts({ target, session, timeline, request }: Capture): string[] {
  const all: string[] = [];
  if (target !== null) all.push(target.choice === '' ? target.name : `${target.name} (${target.choice})`);
  if (target?.image != null) all.push(`image ${target.image}`);
  if (timeline.startedAt !== null && timeline.receivedAt !== null && timeline.firstSampleAt !== null) {
    const after = (Date.parse(timeline.firstSampleAt) - Date.parse(timeline.receivedAt)) / 1000;
    all.push(
      `first sample ${timeline.firstSampleAt.slice(11, 21)} UTC, ${after.toFixed(2)} s after ${request.purpose === 'alert' ? 'the alert arrived' : 'the request'}`,
    );
  }
  if (session !== null && session.choice !== '') all.push(session.choice);
  return all;
}

const linkTexts: Partial<Record<Artifact['name'], string>> = {
  'flamegraph.svg': 'SVG',
  'flamegraph.html': 'HTML in one file',
  'summary.md': 'Summary',
  'profile.json': 'JSON',
  'recording.jfr': 'JFR (needs a token)',
};

function links(capture: Capture, base: string | null): Link[] {
  if (base === null) return [];
  const lead = capture.artifacts.filter(({ event }) => event === null || event === capture.request.event);
  return lead.map(({ name, event }) => ({
    text: linkTexts[name] ?? name,
    url: `${base}/captures/${capture.id}/${name}${event === null ? '' : `?event=${event}`}`,
  }));
}

/** A file that is passed around links back to its page; the page needs no link to itself. */
function pageLink(capture: Capture, base: string | null): Link[] {
  return base === null || base === '' ? [] : [{ text: 'Capture', url: `${base}/captures/${capture.id}` }];
}

function baseHref({ answer }: Capture, base: string | null): string | null {
  return answer?.comparedWith == null || base === null
    ? null
    : `${base}/captures/${answer.comparedWith.captureId}`;
}

const timelineWords: readonly (readonly [keyof Timeline, string])[] = [
  ['receivedAt', 'alert received'],
  ['resolvedAt', 'target found'],
  ['startedAt', 'start sent'],
  ['firstSampleAt', 'first sample'],
  ['windowEndedAt', 'window ended'],
  ['collectedAt', 'recording fetched'],
  ['storedAt', 'stored'],
  ['annotatedAt', 'marked on the panel'],
];

/** Collapsed, below the flame graph: alert, target, timeline in milliseconds, checks, annotation. */
function details(capture: Capture): ViewDetail[] {
  const { alert, session, target } = capture;
  const all: ViewDetail[] = [{ summary: 'Alert', rows: Object.entries(alert.labels), text: '' }];
  if (target !== null) all.push({ summary: 'Target', rows: targetRows(capture), text: '' });
  all.push({ summary: 'Timeline', rows: timelineRows(capture.timeline), text: '' });
  if (session !== null)
    all.push({ summary: 'Checked before attaching', rows: Object.entries(session.checks), text: '' });
  all.push({ summary: 'Mark on the panel', rows: annotationRows(capture), text: '' });
  return all;
}

function targetRows({ target, session, sibling }: Capture): [string, string][] {
  const rows: [string, string][] = [];
  if (target !== null)
    rows.push(['target', target.uri], ['workload', target.workload], ['node', target.node]);
  if (target?.image != null) rows.push(['image', target.image]);
  if (target !== null && target.choice !== '') rows.push(['chosen', target.choice]);
  if (sibling !== null) rows.push(['sibling in the same window', sibling.name]);
  if (session !== null) rows.push(['process', `${session.pid}: ${session.commandLine}`]);
  return rows;
}

function timelineRows(timeline: Timeline): [string, string][] {
  let previous: number | undefined;
  return timelineWords.flatMap(([key, words]): [string, string][] => {
    const iso = timeline[key];
    if (iso === null) return [];
    const at = Date.parse(iso);
    const after = previous === undefined ? '' : ` (${at >= previous ? '+' : ''}${at - previous} ms)`;
    previous = at;
    return [[words, `${iso.slice(11, 23)}${after}`]];
  });
}

function annotationRows({ annotation, panel }: Capture): [string, string][] {
  const rows: [string, string][] = [['state', annotation.state]];
  if (panel !== null)
    rows.push(
      ['panel', `${panel.dashboardUid} / ${panel.panelId ?? 'whole dashboard'}`],
      ['found by', panel.foundBy],
    );
  if (annotation.reason !== null) {
    const { sentence, remedy } = describeReason(annotation.reason);
    rows.push(['reason', `${sentence} ${annotation.reason.detail}`], ['remedy', remedy]);
  }
  return rows;
}
