import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Exec } from '../../profiler/exec.ts';
import type { Target } from '../target.ts';
import type { Log } from '../log.ts';
import { backoffMs } from './backoff.ts';
import type { Capture } from '../capture.ts';
import { end } from './ending.ts';
import { isLedgerAway } from './ledger-away.ts';
import type { CaptureChange } from '../ledger.ts';
import { cleanPatiently } from './clean-patiently.ts';
import type { Profiling } from '../profiling.ts';
import { slotOfSession } from '../slot.ts';
import { iso, timed, type StageParts } from './stage-parts.ts';
import type { Session } from '../../profiler/session.ts';

/** How long after the window's end a recording that cannot be fetched is asked for again, milliseconds. */
const collectPatienceMs = 60_000;
/** How long before the window's end the reading thread is started, milliseconds. */
const readingLeadMs = 1_500;
/** Whole seconds of a target's clock, and the skew that was measured to them, milliseconds. */
const clockToleranceMs = 2_000;

/** The reading thread needs half a second to load; it does so while the window still runs. */
export async function untilReading(windowEnd: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, windowEnd - readingLeadMs - performance.now()), undefined, { signal });
}

/**
 * When the window ends, by the monotonic clock, milliseconds. A start that was written down by another clock (the
 * machine's was set between two processes) makes it neither longer nor endless.
 */
export function windowEndOf({ timeline, request }: Capture, now: number): number {
  const lengthMs = request.durationSeconds * 1000;
  const left = timeline.startedAt === null ? lengthMs : Date.parse(timeline.startedAt) + lengthMs - now;
  return performance.now() + Math.min(Math.max(left, 0), lengthMs);
}

/** When the recording was last written, where the target's word can be true: in the window or since. Else its planned end. */
function windowEndedAt(told: string | null, windowEnd: number, { request }: Capture, now: number): string {
  const sinceMs = performance.now() - windowEnd;
  const at = Date.parse(told ?? '');
  const earliest = now - sinceMs - request.durationSeconds * 1000 - clockToleranceMs;
  return iso(at >= earliest && at <= now + clockToleranceMs ? at : Math.round(now - Math.max(0, sinceMs)));
}

/**
 * Waits for the end of the window (by the monotonic clock, milliseconds), fetches the recording and writes it down, masked. Resolves to the capture as it is
 * stored, or to null when it has ended or belongs to another worker. The target is left clean.
 */
export async function collectRecording(
  capture: Capture,
  windowEnd: number,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<Capture | null> {
  const { ledger, owner, now } = parts;
  const { target, session } = capture;
  if (target === null || session === null)
    throw new Failure('internal-error', { detail: 'a capture without a session was to be collected' });
  await sleep(Math.max(0, windowEnd - performance.now()), undefined, { signal });

  const exec = (await parts.targets(target.kind)).open(target, session);
  let release = (): void => undefined;
  try {
    release = await parts.memory.fetching.take(parts.memory.fetchBytes, signal);
    const collected = await timed(parts, 'collect', () =>
      fetchRecording(exec, session, windowEnd, parts, signal),
    );
    const masked = await parts.analysis.mask(collected.recording);
    const timeline = {
      windowEndedAt: windowEndedAt(collected.windowEndedAt, windowEnd, capture, now()),
      collectedAt: iso(now()),
    };
    const change: CaptureChange = {
      state: 'storing',
      partial: collected.partial,
      session: { ...session, cpuStatAfter: collected.cpuStat },
      timeline,
      ...(collected.ended ? {} : { slotUntil: slotOfSession({ durationSeconds: 0 }, now()) }),
    };
    if (!(await ledger.spool(capture.id, owner, masked, change, now()))) return null;
    release();
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
    release();
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
      return await parts.profiling.collect(
        exec,
        session,
        { maxBytes: parts.limits.maxRecordingBytes },
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      const failure = asFailure(error);
      if (!failure.retryable || performance.now() > windowEnd + collectPatienceMs) throw failure;
      await sleep(backoffMs(attempt, 500), undefined, { signal });
    }
  }
}

/** Ends a session that may still run, and removes what it left, without fetching it. */
export async function leaveCleanAfterWindow(
  target: Target,
  session: Session,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const exec = (await parts.targets(target.kind)).open(target, session);
  try {
    await leaveClean(exec, session, parts, log, signal);
  } finally {
    await exec.close?.();
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
  await cleanPatiently(() => parts.profiling.cleanUp(exec, session, signal), log, signal);
}
