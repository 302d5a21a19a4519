import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { artifactKey } from '../../artifacts/keys.ts';
import type { ArtifactStore } from '../artifact-store.ts';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import type { Capture } from '../capture.ts';
import { end, reportEnd } from './ending.ts';
import { endState } from '../end-state.ts';
import type { Made } from '../ledger.ts';
import { isLedgerAway } from './ledger-away.ts';
import { recordingArtifact } from '../analysis/recording-artifact.ts';
import { retryStore } from './retry-store.ts';
import { iso, timed, type StageParts } from './stage-parts.ts';
import type { Artifact, MadeArtifact } from '../../artifacts/artifact.ts';
import type { Baseline } from '../baselines/baseline-profile.ts';

const gzipped = promisify(gzip);

/**
 * Recording → answer and files → store. Whatever fails on the way is tried again for as long as a recording may be kept:
 * it is in the spool, and nobody can take it a second time. Once the answer is known it is told, stored or not. The
 * files are made once; later tries store the same ones, so that they are always those of one answer. `unread`: why the
 * recording is stored as it is, without being read.
 */
export async function storeArtifacts(
  capture: Capture,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
  unread: Failure | null = null,
): Promise<void> {
  const { ledger, owner, now } = parts;
  let made: Made | undefined;
  let keptAlready = false;
  try {
    made = await ledger.readMade(capture.id);
    keptAlready = made !== undefined;
    if (made === undefined) {
      const recording = await ledger.readSpool(capture.id);
      if (recording === undefined) {
        await end(capture, new Failure('recording-missing'), parts, log);
        return;
      }
      made =
        unread === null
          ? await make(capture, recording, parts, signal)
          : await recordingAlone(capture, recording, unread);
    }
    const { files, outcome } = made;
    const artifacts = await timed(parts, 'store', () =>
      allOf(files.map((file) => storeArtifact(capture, file, parts.store, signal))),
    );
    const stored = {
      ...outcome,
      artifacts,
      timeline: { storedAt: iso(now()) },
      deliver: 'finish',
    } as const;
    if (!(await ledger.finishStoring(capture.id, owner, stored, now()))) return;
    reportStored(capture, outcome, parts, log);
  } catch (error) {
    signal.throwIfAborted();
    const failure = asFailure(error);
    if (isLedgerAway(failure)) throw failure;
    await retryStore(capture, failure, keptAlready ? undefined : made, parts, log);
  }
}

/** The files and how the capture ends with them. Rejects as the store does when the baseline cannot be read. */
async function make(
  capture: Capture,
  recording: Buffer,
  parts: StageParts,
  signal: AbortSignal,
): Promise<Made> {
  let baseline: Baseline | null;
  try {
    baseline = await parts.baselineFor(capture, signal);
  } catch (error) {
    signal.throwIfAborted();
    const failure = asFailure(error);
    if (capture.answer !== null) throw failure;
    const alone = await read(capture, recording, null, parts, signal);
    // No baseline makes an unreadable recording readable.
    if (alone.outcome.answer === null) return alone;
    await tellEarly(capture, alone, failure, parts);
    throw failure;
  }
  return read(capture, recording, baseline, parts, signal);
}

/** The store is away and with it the baseline: people get the answer that the recording gives by itself, until it is back. */
async function tellEarly(
  { id }: Capture,
  { outcome: { answer, partial } }: Made,
  { reason }: Failure,
  { ledger, owner, now }: StageParts,
): Promise<void> {
  await ledger.advance(id, owner, { answer, partial, reason, deliver: 'finish' }, now());
}

async function read(
  capture: Capture,
  recording: Buffer,
  baseline: Baseline | null,
  parts: StageParts,
  signal: AbortSignal,
): Promise<Made> {
  const input = {
    recording,
    capture,
    baseline,
    publicUrl: parts.publicUrl,
    applicationPackages: parts.applicationPackages,
    profilerLinks: parts.profilerLinks(capture),
  };
  try {
    const { artifacts, answer, partial } = await timed(parts, 'analyse', () =>
      parts.analysis.analyse(input, signal),
    );
    return {
      files: artifacts,
      outcome: { state: 'done', reason: null, answer, partial: partial || capture.partial },
    };
  } catch (error) {
    signal.throwIfAborted();
    return recordingAlone(capture, recording, asFailure(error));
  }
}

/** What we cannot read may be read by other tools, or by a later flamepin. */
async function recordingAlone(
  { partial }: Capture,
  recording: Buffer,
  { code, reason }: Failure,
): Promise<Made> {
  return {
    files: [recordingArtifact(await gzipped(recording))],
    outcome: { state: endState(code), reason, answer: null, partial },
  };
}

function reportStored(
  capture: Capture,
  { reason, answer }: Made['outcome'],
  parts: StageParts,
  log: Log,
): void {
  if (reason !== null) {
    reportEnd(capture, new Failure(reason.code, { detail: reason.detail }), parts, log);
    return;
  }
  parts.observer.ended(capture.request.purpose, 'done', null, parts.now());
  const { storeRetry } = capture;
  const waited = storeRetry === null ? {} : { waitedSince: storeRetry.since, failedTries: storeRetry.tries };
  log.info({ headline: answer?.headline, ...waited }, 'capture done');
}

/** Rejects only when all have settled: a try leaves no write behind that would meet the next one. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
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
