import type { Failure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import { backoffMs } from './backoff.ts';
import type { Capture } from '../capture.ts';
import { endState } from '../end-state.ts';
import type { CaptureChange } from '../ledger.ts';
import { iso, receivedAt, type StageParts } from './stage-parts.ts';

/** Back into the queue when trying again may help and there is time; else the end. */
export async function retryOrEnd(
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

/** Ends the capture with its reason, unless the lease was lost; its slot stays as it is, unless `slot` says otherwise. */
export async function end(
  capture: Capture,
  failure: Failure,
  parts: StageParts,
  log: Log,
  slot: Pick<CaptureChange, 'slotUntil'> = {},
): Promise<void> {
  const change: CaptureChange = {
    state: endState(failure.code),
    reason: failure.reason,
    target: capture.target,
    deliver: 'finish',
    ...slot,
  };
  if (await parts.ledger.advance(capture.id, parts.owner, change, parts.now()))
    reportEnd(capture, failure, parts, log);
}

/** Counts and logs an end that the ledger has. */
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
