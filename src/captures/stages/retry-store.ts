import type { Failure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import { backoffMs, withJitter } from './backoff.ts';
import type { Capture } from '../capture.ts';
import { end } from './ending.ts';
import type { CaptureChange, Made } from '../ledger.ts';
import { iso, receivedAt, type StageParts } from './stage-parts.ts';

/**
 * Leaves the capture in `storing`, its recording in the spool, with the reason and the time of the next try: half a
 * second later at first, then ever later, up to five minutes. `made`: files that are not in the spool yet. Once the
 * recording is older than recordings may become, the capture ends with the reason, for the spool is no way around
 * `retention.recordings`. The log has it when it begins and when the reason changes, not at every try.
 */
export async function retryStore(
  capture: Capture,
  failure: Failure,
  made: Made | undefined,
  parts: StageParts,
  log: Log,
): Promise<void> {
  const { ledger, owner } = parts;
  const now = parts.now();
  const keptUntil = collectedAt(capture) + parts.recordingsKeptMs;
  if (now >= keptUntil) {
    await end(capture, failure, parts, log);
    return;
  }
  const tries = (capture.storeRetry?.tries ?? 0) + 1;
  const dueAt = Math.min(keptUntil, now + withJitter(backoffMs(tries - 1, 500), Math.random()));
  const storeRetry = { since: capture.storeRetry?.since ?? iso(now), tries, nextTryAt: iso(dueAt) };
  const change: CaptureChange = { reason: failure.reason, storeRetry };
  const kept =
    made === undefined
      ? await ledger.advance(capture.id, owner, change, now)
      : await ledger.keepMade(capture.id, owner, made, { ...change, ...answerOf(made) }, now);
  if (!kept) return;
  await ledger.release(capture.id, owner, dueAt);
  const known = capture.storeRetry !== null && capture.reason?.code === failure.code;
  log[known ? 'debug' : 'warn'](
    { err: failure, ...storeRetry, keptUntil: iso(keptUntil) },
    'not stored yet, will try again',
  );
}

/** With the answer known, the mark says it, although the flame graph is not there yet. */
function answerOf({ outcome: { answer, partial } }: Made): CaptureChange {
  return answer === null ? {} : { answer, partial, deliver: 'finish' };
}

const collectedAt = (capture: Capture): number =>
  capture.timeline.collectedAt === null ? receivedAt(capture) : Date.parse(capture.timeline.collectedAt);
