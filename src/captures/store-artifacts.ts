import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { artifactKey } from '../artifacts/keys.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { asFailure, Failure } from '../reasons/failure.ts';
import type { Log } from '../telemetry/log.ts';
import type { MadeArtifact } from './analysis.ts';
import type { Artifact, Capture } from './capture.ts';
import { end, reportEnd, retryOrEnd } from './ending.ts';
import { endState } from './end-state.ts';
import type { CaptureChange } from './ledger.ts';
import { recordingArtifact } from './recording-artifact.ts';
import { iso, timed, type StageParts } from './stage-parts.ts';

/** S3 away for hours loses nothing: 60 attempts, at most five minutes apart. */
const storePatienceMs = 4 * 60 * 60_000;
const gzipped = promisify(gzip);

/** Recording → answer and files → store; an outage of the store is waited for. */
export async function storeArtifacts(
  capture: Capture,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, owner, now } = parts;
  const recording = await ledger.readSpool(capture.id);
  if (recording === undefined) {
    await end(capture, new Failure('recording-missing'), parts, log);
    return;
  }
  const giveUpAt = Date.parse(capture.timeline.collectedAt ?? iso(now())) + storePatienceMs;
  try {
    const baseline = await parts.baselineFor(capture, signal);
    const made = await timed(parts, 'analyse', () =>
      parts.analysis.analyse(
        {
          recording,
          capture,
          baseline,
          publicUrl: parts.publicUrl,
          applicationPackages: parts.applicationPackages,
          profilerLinks: parts.profilerLinks(capture),
        },
        signal,
      ),
    ).catch((error: unknown) => asFailure(error));
    signal.throwIfAborted();
    // What we cannot read may be read by other tools, or by a later flamepin.
    const files = made instanceof Failure ? [recordingArtifact(await gzipped(recording))] : made.artifacts;
    const stored = await timed(parts, 'store', () =>
      Promise.all(files.map((file) => storeArtifact(capture, file, parts.store, signal))),
    );
    const kept = { artifacts: stored, timeline: { storedAt: iso(now()) }, deliver: 'finish' } as const;
    const change: CaptureChange =
      made instanceof Failure
        ? { ...kept, state: endState(made.code), reason: made.reason }
        : {
            ...kept,
            state: 'done',
            reason: null,
            answer: made.answer,
            partial: made.partial || capture.partial,
          };
    if (!(await ledger.finishStoring(capture.id, owner, change, now()))) return;
    if (made instanceof Failure) reportEnd(capture, made, parts, log);
    else {
      parts.observer.ended(capture.request.purpose, 'done', null, now());
      log.info({ headline: made.answer.headline }, 'capture done');
    }
  } catch (error) {
    signal.throwIfAborted();
    await retryOrEnd(capture, asFailure(error), parts, log, giveUpAt);
  }
}

async function storeArtifact(
  { id, target, alert }: Capture,
  { name, event, body, contentType, contentEncoding }: MadeArtifact,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<Artifact> {
  const key = artifactKey(id, name, event);
  const metadata = { workload: target?.workload ?? '', alert: alert.labels['alertname'] ?? '' };
  await store.put({ key, body, contentType, contentEncoding, metadata }, signal);
  return { name, event, key, size: body.length, contentType, contentEncoding };
}
