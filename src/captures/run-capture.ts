import { asFailure, Failure } from '../reasons/failure.ts';
import type { Log } from '../telemetry/log.ts';
import type { Capture } from './capture.ts';
import { collectRecording, untilReading } from './collect-recording.ts';
import { end } from './ending.ts';
import { isLedgerAway } from './ledger-away.ts';
import type { Interruption, StageParts } from './stage-parts.ts';
import { queueSibling } from './queue-sibling.ts';
import { leaveCleanAfterStart, startWindow } from './start-window.ts';
import { storeArtifacts } from './store-artifacts.ts';

/**
 * Takes a leased capture through its window: resolve, start, wait, collect. Every step is durable before the next;
 * whatever happens, the capture ends final, or goes back into the queue with a time to try again. Resolves to the capture
 * whose recording is in the ledger; to null when there is nothing to store.
 */
export async function profileCapture(
  capture: Capture,
  parts: StageParts,
  log: Log,
  interruption: Interruption,
): Promise<Capture | null> {
  const { signal } = interruption;
  let reached = capture;
  try {
    if (capture.state === 'capturing' && capture.session === null) {
      await explainInterrupted(capture, parts, log, signal);
      return null;
    }
    const underWay = capture.state === 'capturing';
    const profiling = underWay ? capture : await startWindow(capture, parts, log, interruption);
    if (profiling === null) return null;
    reached = profiling;
    // Beside the window, never before it. After a crash it would be too late for one.
    const sibling = underWay ? Promise.resolve(capture.sibling) : queueSibling(profiling, parts, log, signal);
    await untilReading(profiling, parts, signal);
    parts.analysis.prepare();
    const collected = await collectRecording(profiling, parts, log, signal);
    return collected === null ? null : { ...collected, sibling: await sibling };
  } catch (error) {
    await endByFault(error, reached, parts, log, signal);
    return null;
  }
}

/** Stores what was collected, by this process or by one before it. A fault leaves the lease to run out, and nothing ends. */
export async function storeCapture(
  capture: Capture,
  parts: StageParts,
  log: Log,
  { signal }: Interruption,
): Promise<void> {
  await storeArtifacts(capture, parts, log, signal);
}

/** The intent to start was written, but not what came of it: never run again. */
async function explainInterrupted(
  capture: Capture,
  parts: StageParts,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (capture.target === null) throw new Failure('internal-error', { detail: 'a start without a target' });
  await leaveCleanAfterStart(capture, { target: capture.target, place: null }, parts, log, signal);
  await end(capture, new Failure('interrupted'), parts, log);
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
