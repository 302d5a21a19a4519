import { gzipSync } from 'node:zlib';
import { renderHtml } from '../../flamegraph/html.ts';
import { renderSvg } from '../../flamegraph/svg.ts';
import type { View } from '../../flamegraph/view.ts';
import type { Profile, ProfileEvent } from '../../profile/profile.ts';
import { readProfile } from '../../profile/reading/read-profile.ts';
import { captureEvents } from '../../profile/sampling.ts';
import { answer as answerOf } from '../../profile/answer/summary.ts';
import { summaryMarkdown } from '../../profile/answer/summary-markdown.ts';
import { unpackRecording } from '../../profile/reading/unpack-recording.ts';
import { Failure } from '../../reasons/failure.ts';
import type { AnalysisInput } from './analysis.ts';
import type { Capture } from '../capture.ts';
import { captureAnswer, type Base } from './capture-answer.ts';
import { captureView } from './capture-view.ts';
import { captureTitle } from '../outcome.ts';
import { recordingArtifact } from './recording-artifact.ts';
import { openProfile } from '../baselines/stored-profile.ts';
import type { MadeArtifact } from '../../artifacts/artifact.ts';
import type { Answer } from '../../profile/answer/answer.ts';

/**
 * One recording → the answer and every file made from it. Deterministic: a retry after a crash makes the same bytes. Throws Failure recording-damaged, recording-empty.
 */
export async function makeArtifacts(
  input: AnalysisInput,
  maxRecordingBytes: number,
): Promise<{ answer: Answer; partial: boolean; artifacts: MadeArtifact[] }> {
  const recording = unpackRecording(input.recording, maxRecordingBytes);
  const profile = readProfile(recording);
  const events = Object.keys(profile.events) as ProfileEvent[];
  if (events.length === 0) throw new Failure('recording-empty');
  const base = openBase(input.baseline, maxRecordingBytes);
  const { applicationPackages, publicUrl, profilerLinks } = input;
  const answer = captureAnswer(input.capture, profile, base, applicationPackages);
  const capture: Capture = {
    ...input.capture,
    state: 'done',
    answer,
    partial: input.capture.partial || profile.partial,
  };

  const title = `${captureTitle(capture)}: ${answer.headline}`;
  const svgs = events.map((event) =>
    text('flamegraph.svg', event, renderSvg(profile, { event, title, applicationPackages }), 'image/svg+xml'),
  );
  const view = captureView(
    { ...capture, artifacts: [] },
    { base: publicUrl, applicationPackages, otherLinks: profilerLinks },
  );
  const page = await renderHtml(profile, view, base?.profile ?? null);
  return {
    answer,
    partial: profile.partial,
    artifacts: [
      text('flamegraph.html', null, page, 'text/html; charset=utf-8'),
      ...svgs,
      text('profile.json', null, JSON.stringify(profile), 'application/json'),
      text('summary.md', null, summaryOf(capture, profile, view), 'text/plain; charset=utf-8'),
      recordingArtifact(gzipSync(recording)),
    ],
  };
}

function summaryOf(capture: Capture, profile: Profile, { title, links }: View): string {
  const { answer, target, timeline, request, alert } = capture;
  if (answer === null) return '';
  const events = [request.event, ...captureEvents.filter((event) => event !== request.event)];
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
    links,
  });
}

/** null when there is none or it cannot be read; the answer then has no comparison. */
function openBase(baseline: AnalysisInput['baseline'], limit: number): Base | null {
  const profile = baseline === null ? undefined : openProfile(baseline.profile, limit);
  if (baseline === null || profile === undefined) return null;
  const further = baseline.further.map((one) => openProfile(one, limit)).filter((one) => one !== undefined);
  return { captureId: baseline.captureId, label: baseline.label, profile, further };
}

/** Text shrinks five to thirty times; browsers are sent it gzipped. */
function text(
  name: MadeArtifact['name'],
  event: MadeArtifact['event'],
  body: string,
  contentType: string,
): MadeArtifact {
  return { name, event, body: gzipSync(body), contentType, contentEncoding: 'gzip' };
}
