import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import type { Capture } from '../capture.ts';
import { givenUp } from './cut-off.ts';
import { collectRecording, leaveCleanAfterWindow, untilReading, windowEndOf } from './collect-recording.ts';
import { end } from './ending.ts';
import { isLedgerAway } from './ledger-away.ts';
import type { LeasedCapture } from '../ledger.ts';
import type { Interruption, StageParts } from './stage-parts.ts';
import { isFinal } from '../outcome.ts';
import { queueSibling } from './queue-sibling.ts';
import { leaveCleanAfterStart, startWindow } from './start-window.ts';
import { whyNotToRead } from '../analysis/recording-memory.ts';
import { storeArtifacts } from './store-artifacts.ts';

/**
 * Takes a leased capture through its window: resolve, start, wait, collect. Every step is durable before the next;
 * whatever happens, the capture ends final, or goes back into the queue with a time to try again. Resolves to the capture
 * whose recording is in the ledger; to null when there is nothing to store.
 */
export async function profileCapture(
  capture: LeasedCapture,
  parts: StageParts,
  log: Log,
  interruption: Interruption,
): Promise<Capture | null> {
  const { signal } = interruption;
  let reached: Capture = capture;
  try {
    const reason = whyNotToGoOn(capture);
    if (reason !== null) {
      await endClean(capture, reason, parts, log, signal);
      return null;
    }
    const underWay = capture.state === 'capturing';
    const profiling = underWay ? capture : await startWindow(capture, parts, log, interruption);
    if (profiling === null) return null;
    reached = profiling;
    // Beside the window, never before it. After a crash it would be too late for one.
    const sibling = underWay ? Promise.resolve(capture.sibling) : queueSibling(profiling, parts, log, signal);
    const windowEnd = windowEndOf(profiling, parts.now());
    await untilReading(windowEnd, signal);
    parts.analysis.prepare();
    const collected = await collectRecording(profiling, windowEnd, parts, log, signal);
    return collected === null ? null : { ...collected, sibling: await sibling };
  } catch (error) {
    await endByFault(error, reached, parts, log, signal);
    return null;
  }
}

/**
 * Stores what was collected, by this process or by one before it; unread, where reading it was cut off too often. A
 * fault leaves the lease to run out, and nothing ends.
 */
export async function storeCapture(
  capture: Capture & Partial<LeasedCapture>,
  parts: StageParts,
  log: Log,
  { signal }: Interruption,
): Promise<void> {
  const { state, cutOffs = 0 } = capture;
  const unread =
    givenUp({ state, cutOffs }) ?? whyNotToRead(await parts.ledger.spoolSize(capture.id), parts.memory);
  await storeArtifacts(capture, parts, log, signal, unread);
}

function whyNotToGoOn(capture: LeasedCapture): Failure | null {
  const { state, session, flaw } = capture;
  const unreadable = flaw && new Failure(flaw.code, { detail: flaw.detail });
  if (isFinal(capture))
    return unreadable ?? new Failure('internal-error', { detail: `leased while ${state}` });
  // The intent to start was written, but not what came of it: never run again.
  if (state === 'capturing' && session === null) return unreadable ?? new Failure('interrupted');
  return givenUp(capture);
}

/** The end of a capture that does not go on, its target cleaned first where a start was on record. */
async function endClean(
  capture: Capture,
  reason: Failure,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { state, target, session } = capture;
  if (state === 'capturing' && target !== null) {
    if (session === null) await leaveCleanAfterStart(capture, { target, place: null }, parts, log, signal);
    else await leaveCleanAfterWindow(target, session, parts, log, signal);
  }
  await end(capture, reason, parts, log);
}

async function endByFault(
  error: unknown,
  capture: Capture,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw error;
  const failure = asFailure(error);
  if (isLedgerAway(failure)) throw failure;
  log.error({ err: error }, 'capture ended by a fault');
  await end(capture, failure, parts, log);
}
