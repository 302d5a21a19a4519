import { asFailure, type Failure } from '../../reasons/failure.ts';
import type { Capture } from '../capture.ts';
import { endState, endsSilently } from '../end-state.ts';
import type { CaptureChange } from '../ledger.ts';
import type { Log } from '../log.ts';
import { backoffMs } from './backoff.ts';
import { isLedgerUnavailable } from './ledger-unavailable.ts';
import type { StageParts } from './stage-parts.ts';
import { iso, receivedAt } from './times.ts';

type EndingParts = Pick<StageParts, 'ledger' | 'owner' | 'observer' | 'now'>;

/**
 * Back into the queue if a retry may help; else the end. The ledger skips it when its deadline passes: it alone moves
 * deadlines when the machine's clock is set.
 */
export async function retryOrEnd(
  capture: Capture,
  failure: Failure,
  parts: EndingParts,
  log: Log,
): Promise<null> {
  if (!failure.retryable) {
    await end(capture, failure, parts, log);
    return null;
  }
  const now = parts.now();
  // The age of the capture counts the attempts, whichever process made them: doubling from half a second.
  const dueAt = now + Math.round(backoffMs(Math.log2(Math.max(1, (now - receivedAt(capture)) / 1000)), 500));
  log.warn({ err: failure, dueAt: iso(dueAt) }, 'will retry');
  // If the deadline passes meanwhile, this is what it waited for.
  await parts.ledger.advance(capture.id, parts.owner, { reason: failure.reason }, now);
  await parts.ledger.release(capture.id, parts.owner, dueAt);
  return null;
}

/** Ends the capture with its reason, unless the lease was lost; it keeps its slot unless `slot` says otherwise. */
export async function end(
  capture: Capture,
  failure: Failure,
  parts: EndingParts,
  log: Log,
  slot: Pick<CaptureChange, 'slotUntil'> = {},
): Promise<void> {
  const change: CaptureChange = {
    state: endState(failure.code),
    reason: failure.reason,
    target: capture.target,
    ...(!endsSilently(failure.code) && { deliver: 'finish' as const }),
    ...slot,
  };
  if (await parts.ledger.advance(capture.id, parts.owner, change, parts.now()))
    reportEnd(capture, failure, parts, log);
}

/** The end after an error that no stage expects. One that only interrupts the work, or keeps it from being written, is thrown. */
export async function endByFault(
  error: unknown,
  capture: Capture,
  parts: EndingParts,
  log: Log,
  signal: AbortSignal,
): Promise<null> {
  if (signal.aborted) throw error;
  const failure = asFailure(error);
  if (isLedgerUnavailable(failure)) throw failure;
  log.error({ err: error }, 'capture failed on an unexpected error');
  await end(capture, failure, parts, log);
  return null;
}

/** Counts and logs an end that is in the ledger. */
export function reportEnd(
  { request }: Capture,
  failure: Failure,
  parts: Pick<StageParts, 'observer' | 'now'>,
  log: Log,
): void {
  const state = endState(failure.code);
  parts.observer.ended(request.purpose, state, failure.code, parts.now());
  log[state === 'failed' ? 'error' : 'warn'](
    { reason: failure.code, detail: failure.detail, stderr: failure.stderr },
    `capture ${state}`,
  );
}
