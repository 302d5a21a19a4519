import { gunzipSync, gzipSync } from 'node:zlib';
import { renderHtml } from '../flamegraph/html.ts';
import { renderSvg } from '../flamegraph/svg.ts';
import type { View } from '../flamegraph/view.ts';
import { compareProfiles } from '../profile/compare.ts';
import type { Comparison } from '../profile/comparison.ts';
import { profileSchema, type Profile, type ProfileEvent } from '../profile/profile.ts';
import { readProfile } from '../profile/read-profile.ts';
import { answer as answerOf } from '../profile/summary.ts';
import type { CpuThrottling } from '../profile/verdicts.ts';
import { summaryMarkdown } from '../profile/summary-markdown.ts';
import { unpackRecording } from '../profile/unpack-recording.ts';
import { Failure } from '../reasons/failure.ts';
import type { AnalysisInput, MadeArtifact } from './analysis.ts';
import { captureEventSchema, type Answer, type Capture } from './capture.ts';
import { captureView } from './capture-view.ts';
import { captureTitle } from './outcome.ts';

/** Rows of a comparison that are kept: no page or message shows more. */
const rowsKept = 20;

/**
 * One recording → the answer and every file made from it. Deterministic: repeated after a crash it makes the same
 * bytes. Throws Failure recording-damaged, recording-empty.
 */
export async function makeArtifacts(
  input: AnalysisInput,
  recordingBytes: number,
): Promise<{ answer: Answer; partial: boolean; artifacts: MadeArtifact[] }> {
  const recording = unpackRecording(input.recording, recordingBytes);
  const profile = readProfile(recording);
  const events = Object.keys(profile.events) as ProfileEvent[];
  if (events.length === 0) throw new Failure('recording-empty');
  const base = input.baseline === null ? null : readBaseline(input.baseline.profile, recordingBytes);
  const answer = answerFor(profile, base, input);
  const capture: Capture = {
    ...input.capture,
    state: 'done',
    answer,
    partial: input.capture.partial || profile.partial,
  };

  const title = `${captureTitle(capture)}: ${answer.headline}`;
  const { applicationPackages, publicUrl, profilerLinks } = input;
  const svgs = events.map((event) =>
    text('flamegraph.svg', event, renderSvg(profile, { event, title, applicationPackages }), 'image/svg+xml'),
  );
  const view = captureView(
    { ...capture, artifacts: [] },
    { base: publicUrl, applicationPackages, profilerLinks },
  );
  const page = await renderHtml(profile, view, base);
  return {
    answer,
    partial: profile.partial,
    artifacts: [
      text('flamegraph.html', null, page, 'text/html; charset=utf-8'),
      ...svgs,
      text('profile.json', null, JSON.stringify(profile), 'application/json'),
      text('summary.md', null, summaryOf(capture, profile, view), 'text/plain; charset=utf-8'),
      {
        name: 'recording.jfr',
        event: null,
        body: gzipSync(recording),
        contentType: 'application/octet-stream',
        contentEncoding: 'gzip',
      },
    ],
  };
}

function answerFor(
  profile: Profile,
  base: Profile | null,
  { capture, baseline, applicationPackages }: AnalysisInput,
): Answer {
  const { event, durationSeconds, purpose } = capture.request;
  const compare = (which: ProfileEvent): Comparison | null =>
    base === null || baseline === null
      ? null
      : compareProfiles(base, profile, { event: which, baseLabel: baseline.label, applicationPackages });
  const comparison = compare(event);
  const others = captureEventSchema.options.filter((other) => other !== event);
  const words = answerOf({
    profile,
    event,
    labels: capture.alert.labels,
    startsAt: purpose === 'alert' ? capture.alert.startsAt : null,
    durationSeconds,
    comparison,
    otherComparisons: others.map(compare).filter((other) => other !== null),
    cpuThrottling: throttling(capture),
    targetStartedAt: capture.target?.startedAt ?? null,
    applicationPackages,
  });
  return {
    ...words,
    comparedWith: baseline === null ? null : { captureId: baseline.captureId, label: baseline.label },
    comparison:
      comparison === null
        ? null
        : { baseLabel: comparison.baseLabel, rows: comparison.changed.slice(0, rowsKept) },
  };
}

function summaryOf(capture: Capture, profile: Profile, { title, links }: View): string {
  const { answer, target, timeline, request, alert } = capture;
  if (answer === null) return '';
  const events = [request.event, ...captureEventSchema.options.filter((event) => event !== request.event)];
  const alone = {
    profile,
    labels: {},
    startsAt: null,
    durationSeconds: request.durationSeconds,
    comparison: null,
    cpuThrottling: null,
    targetStartedAt: null,
  };
  return summaryMarkdown({
    title,
    target: target === null ? '' : target.choice === '' ? target.name : `${target.name} (${target.choice})`,
    startedAt: timeline.startedAt,
    durationSeconds: request.durationSeconds,
    answer,
    topFrames: events
      .filter((event) => profile.events[event] !== undefined)
      .map((event) => ({ event, frames: answerOf({ ...alone, event }).topFrames })),
    comparison:
      answer.comparison === null
        ? null
        : { ...answer.comparison, changed: answer.comparison.rows, event: request.event },
    labels: alert.labels,
    links: links.map(({ words, href }) => ({ text: words, url: href })),
  });
}

/** cpu.stat after the window minus before; null where the cgroup has none. */
function throttling({ session }: Capture): CpuThrottling | null {
  const before = session?.cpuStat;
  const after = session?.cpuStatAfter;
  if (before == null || after == null) return null;
  return {
    periods: after.periods - before.periods,
    throttledPeriods: after.throttledPeriods - before.throttledPeriods,
    throttledMicros: after.throttledMicros - before.throttledMicros,
  };
}

function readBaseline(gzipped: Uint8Array, limit: number): Profile {
  return profileSchema.parse(JSON.parse(gunzipSync(gzipped, { maxOutputLength: limit }).toString('utf8')));
}

/** Text shrinks five to thirty times; what browsers open is sent with its encoding. */
function text(
  name: MadeArtifact['name'],
  event: MadeArtifact['event'],
  body: string,
  contentType: string,
): MadeArtifact {
  return { name, event, body: gzipSync(body), contentType, contentEncoding: 'gzip' };
}
