import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Log } from '../telemetry/log.ts';
import { asFailure, Failure } from '../reasons/failure.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { artifactKey } from '../artifacts/keys.ts';
import type { Exec } from '../targets/exec.ts';
import type { Target, Targets } from '../targets/target.ts';
import type { Analysis, AnalysisInput, Baseline, MadeArtifact, Reading } from './analysis.ts';
import { backoffMs } from './backoff.ts';
import { alertWasOpen } from './baseline-health.ts';
import type { Artifact, Capture, Session } from './capture.ts';
import { endState } from './end-state.ts';
import type { CaptureChange, CaptureLimits, Ledger } from './ledger.ts';
import type { CaptureObserver, CaptureStage } from './observer.ts';
import type { Profiling } from './profiling.ts';
import { recordingArtifact } from './recording-artifact.ts';

/** What moving a capture from stage to stage needs. */
export interface StageParts {
  ledger: Ledger;
  targets(kind: Target['kind']): Promise<Targets>;
  profiling: Profiling;
  analysis: Analysis;
  store: ArtifactStore;
  baselineFor(capture: Capture, signal: AbortSignal): Promise<Baseline | null>;
  observer: CaptureObserver;
  now: () => number;
  owner: string;
  limits: CaptureLimits & { recordingBytes: number; deadlineMs: number };
  publicUrl: string | null;
  applicationPackages: readonly string[];
  profilerLinks(capture: Capture): AnalysisInput['profilerLinks'];
}

/** How long after the window's end a recording that cannot be fetched is asked for again, milliseconds. */
const collectPatienceMs = 60_000;
/** S3 away for hours loses nothing: 60 attempts, at most five minutes apart. */
const storePatienceMs = 4 * 60 * 60_000;
/** How long before the window's end the reading thread is started, milliseconds. */
const readingLeadMs = 1_500;
const gzipped = promisify(gzip);
/** Limits are full: look again soon, a window may just have ended. */
const admissionRetryMs = 500;

/**
 * Takes a leased capture as far as it goes: resolve, start, wait, collect, store. Every step is durable before
 * the next; whatever happens, the capture ends final, or goes back into the queue with a time to try again.
 * `signal` aborts on shutdown or when the lease is lost: a running window is then left to the agent's own timeout.
 */
export async function runCapture(
  capture: Capture,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let reached = capture;
  try {
    let current: Capture | null = capture;
    if (current.state === 'queued' || current.state === 'resolving')
      current = await resolveAndStart(current, parts, log, signal);
    if (current === null) return;
    reached = current;
    if (current.state === 'capturing') await untilReading(current, parts, signal);
    await using reading = parts.analysis.open();
    if (current.state === 'capturing') current = await collect(current, reading, parts, log, signal);
    if (current === null) return;
    reached = current;
    if (current.state === 'storing') await store(current, reading, parts, log, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const failure = asFailure(error);
    // Nothing can be written down now, so nothing is decided: the lease runs out, and the capture is taken again.
    if (isLedgerAway(failure)) throw failure;
    log.error({ err: error }, 'capture ended by a fault');
    await end(reached, failure, parts, log);
  }
}

const isLedgerAway = ({ code }: Failure): boolean => code === 'ledger-full' || code === 'ledger-unavailable';

async function resolveAndStart(
  capture: Capture,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<Capture | null> {
  const { ledger, owner, now } = parts;
  let target: Target;
  let targets: Targets;
  try {
    targets = await parts.targets(capture.request.target.kind);
    target = await timed(parts, 'resolve', () =>
      targets.resolve(
        {
          labels: capture.alert.labels,
          startsAt: capture.alert.startsAt,
          generatorUrl: capture.alert.generatorUrl,
          ...(capture.request.target.process === null ? {} : { process: capture.request.target.process }),
          ...(capture.request.target.uri === null ? {} : { uri: capture.request.target.uri }),
        },
        signal,
      ),
    );
  } catch (error) {
    signal.throwIfAborted();
    return await retryOrEnd(
      capture,
      asFailure(error),
      parts,
      log,
      receivedAt(capture) + parts.limits.deadlineMs,
    );
  }

  if (capture.request.purpose === 'baseline' && (await alertWasOpen(ledger, target.workload, now(), now()))) {
    await end({ ...capture, target }, new Failure('workload-alerting'), parts, log);
    return null;
  }
  const admission = await ledger.admit(capture.id, owner, target, parts.limits, now());
  if (admission.kind === 'lost') return null;
  if (admission.kind === 'wait') {
    await ledger.release(capture.id, owner, now() + admissionRetryMs);
    return null;
  }
  if (admission.kind === 'refused') {
    const { code, detail } = admission.reason;
    reportEnd(new Failure(code, { detail }), parts, log);
    return null;
  }
  const resolvedAt = iso(now());
  log.info({ target: target.uri, choice: target.choice }, 'starting the window');

  const exec = targets.open(target);
  const startedAt = now();
  try {
    const { session, firstSampleAt } = await timed(parts, 'start', () =>
      parts.profiling.start(
        exec,
        {
          captureId: capture.id,
          durationSeconds: capture.request.durationSeconds,
          process: capture.request.target.process,
          pid: pidOf(target),
        },
        signal,
      ),
    );
    const timeline = { resolvedAt, startedAt: iso(startedAt), firstSampleAt: firstSampleAt ?? iso(now()) };
    const change: CaptureChange = { session, reason: null, timeline, deliver: 'begin' };
    if (!(await ledger.advance(capture.id, owner, change, now()))) return null;
    if (capture.request.purpose === 'alert')
      parts.observer.firstSample((Date.parse(timeline.firstSampleAt) - receivedAt(capture)) / 1000);
    log.info({ pid: session.pid, firstSampleAt: timeline.firstSampleAt }, 'profiling');
    return {
      ...capture,
      state: 'capturing',
      target,
      session,
      timeline: { ...capture.timeline, ...timeline },
    };
  } catch (error) {
    signal.throwIfAborted();
    const failure = asFailure(error);
    // A refusal touched nothing; anything else may have started a session of which nothing more is known.
    if (endState(failure.code) === 'failed') await leaveCleanAfterStart(capture, target, parts, log, signal);
    await end({ ...capture, target }, failure, parts, log, { resolvedAt });
    return null;
  } finally {
    await exec.close?.();
  }
}

/** The reading thread needs half a second to load; it does so while the window still runs. */
async function untilReading(capture: Capture, parts: StageParts, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, windowEndOf(capture, parts.now()) - readingLeadMs - parts.now()), undefined, {
    signal,
  });
}

function windowEndOf({ timeline, request }: Capture, now: number): number {
  return (
    (timeline.startedAt === null ? now : Date.parse(timeline.startedAt)) + request.durationSeconds * 1000
  );
}

async function collect(
  capture: Capture,
  reading: Reading,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<Capture | null> {
  const { ledger, owner, now } = parts;
  const { target, session } = capture;
  if (target === null)
    throw new Failure('internal-error', { detail: 'a capture without a target was to be collected' });
  if (session === null) {
    // The intent to start was written, but not what came of it: never run again.
    await leaveCleanAfterStart(capture, target, parts, log, signal);
    await end(capture, new Failure('interrupted'), parts, log);
    return null;
  }
  const windowEnd = windowEndOf(capture, now());
  await sleep(Math.max(0, windowEnd - now()), undefined, { signal });

  const exec = (await parts.targets(target.kind)).open(target);
  try {
    const collected = await timed(parts, 'collect', () =>
      fetchRecording(exec, session, windowEnd, parts, signal),
    );
    const masked = await reading.mask(collected.recording);
    const timeline = { windowEndedAt: collected.windowEndedAt ?? iso(windowEnd), collectedAt: iso(now()) };
    const change: CaptureChange = {
      state: 'storing',
      partial: collected.partial,
      session: { ...session, cpuStatAfter: collected.cpuStat },
      timeline,
    };
    if (!(await ledger.spool(capture.id, owner, masked, change, now()))) return null;
    await leaveClean(exec, session, parts, log, signal);
    return {
      ...capture,
      state: 'storing',
      partial: collected.partial,
      session: { ...session, cpuStatAfter: collected.cpuStat },
      timeline: { ...capture.timeline, ...timeline },
    };
  } catch (error) {
    signal.throwIfAborted();
    const failure = asFailure(error);
    // The recording stays in the target until it can be written down.
    if (isLedgerAway(failure)) throw failure;
    await leaveClean(exec, session, parts, log, signal);
    await end(capture, failure, parts, log);
    return null;
  } finally {
    await exec.close?.();
  }
}

async function fetchRecording(
  exec: Exec,
  session: Session,
  windowEnd: number,
  parts: StageParts,
  signal: AbortSignal,
): ReturnType<Profiling['collect']> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await parts.profiling.collect(exec, session, { maxBytes: parts.limits.recordingBytes }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = asFailure(error);
      if (!failure.retryable || parts.now() > windowEnd + collectPatienceMs) throw failure;
      await sleep(backoffMs(attempt, 500), undefined, { signal });
    }
  }
}

/** Nothing of ours stays in the target; what can't be removed is said in the log, with its path. */
async function leaveClean(
  exec: Exec,
  session: Session,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { left } = await parts.profiling.cleanUp(exec, session, signal);
    if (left.length > 0) log.warn({ left }, 'files are left in the target');
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error, leftovers: session.leftovers }, 'the target could not be cleaned');
  }
}

async function leaveCleanAfterStart(
  capture: Capture,
  target: Target,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const exec = (await parts.targets(target.kind)).open(target);
  try {
    const { left } = await parts.profiling.cleanUpUnknown(exec, capture.id, signal);
    if (left.length > 0) log.warn({ left }, 'files are left in the target');
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, 'the target could not be cleaned');
  } finally {
    await exec.close?.();
  }
}

async function store(
  capture: Capture,
  reading: Reading,
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
      reading.analyse({
        recording,
        capture,
        baseline,
        publicUrl: parts.publicUrl,
        applicationPackages: parts.applicationPackages,
        profilerLinks: parts.profilerLinks(capture),
      }),
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
    if (made instanceof Failure) reportEnd(made, parts, log);
    else {
      parts.observer.ended('done', null, now());
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

async function retryOrEnd(
  capture: Capture,
  failure: Failure,
  parts: StageParts,
  log: Log,
  giveUpAt: number,
): Promise<null> {
  const now = parts.now();
  if (!failure.retryable || now >= giveUpAt) {
    await end(capture, failure, parts, log);
    return null;
  }
  // Age stands for the number of attempts: doubling from half a second, whatever process made them.
  const dueAt = now + Math.round(backoffMs(Math.log2(Math.max(1, (now - receivedAt(capture)) / 1000)), 500));
  log.warn({ err: failure, dueAt: iso(dueAt) }, 'will try again');
  // Should its deadline pass meanwhile, this is why it waited.
  await parts.ledger.advance(capture.id, parts.owner, { reason: failure.reason }, now);
  await parts.ledger.release(capture.id, parts.owner, dueAt);
  return null;
}

async function end(
  capture: Capture,
  failure: Failure,
  parts: StageParts,
  log: Log,
  timeline: CaptureChange['timeline'] = {},
): Promise<void> {
  const change: CaptureChange = {
    state: endState(failure.code),
    reason: failure.reason,
    target: capture.target,
    timeline,
    deliver: 'finish',
  };
  if (await parts.ledger.advance(capture.id, parts.owner, change, parts.now()))
    reportEnd(failure, parts, log);
}

/** Counts and logs an end that the ledger has. */
function reportEnd(failure: Failure, parts: StageParts, log: Log): void {
  const state = endState(failure.code);
  parts.observer.ended(state, failure.code, parts.now());
  log[state === 'failed' ? 'error' : 'warn'](
    { reason: failure.code, detail: failure.detail, stderr: failure.stderr },
    `capture ${state}`,
  );
}

async function timed<T>(parts: StageParts, stage: CaptureStage, work: () => Promise<T>): Promise<T> {
  const began = parts.now();
  try {
    return await work();
  } finally {
    parts.observer.stage(stage, (parts.now() - began) / 1000);
  }
}

function pidOf(target: Target): number | null {
  const pid = target.data['pid'];
  return typeof pid === 'number' ? pid : null;
}

const receivedAt = (capture: Capture): number =>
  Date.parse(capture.timeline.receivedAt ?? capture.alert.startsAt);
const iso = (ms: number): string => new Date(ms).toISOString();
