import type { Failure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import { backoffMs, withJitter } from './backoff.ts';
import type { Capture } from '../capture.ts';
import { end } from './ending.ts';
import type { CaptureChange, MadeFiles } from '../ledger.ts';
import type { StageParts } from './stage-parts.ts';
import { iso, receivedAt } from './times.ts';

/**
 * Leaves the capture in `storing`, its recording in the spool, with the reason and the time of the next attempt: after
 * half a second at first, then doubling, up to five minutes. `made`: files that are not in the spool yet. A recording
 * that reaches the age of `retention.recordings` ends the capture with the reason: the spool keeps none longer than the
 * store does. Logged when the outage begins and when its reason changes, not at every attempt.
 */
export async function retryStore(
  capture: Capture,
  failure: Failure,
  made: MadeFiles | null,
  parts: Pick<StageParts, 'ledger' | 'owner' | 'now' | 'observer' | 'recordingsKeptMs'>,
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
    made === null
      ? await ledger.advance(capture.id, owner, change, now)
      : await ledger.keepFiles(capture.id, owner, made, { ...change, ...answerOf(made) }, now);
  if (!kept) return;
  await ledger.release(capture.id, owner, dueAt);
  const known = capture.storeRetry !== null && capture.reason?.code === failure.code;
  log[known ? 'debug' : 'warn'](
    { err: failure, ...storeRetry, keptUntil: iso(keptUntil) },
    'not stored yet; will retry',
  );
}

/** The mark tells the answer as soon as it is known, before the flame graph is stored. */
function answerOf({ outcome: { answer, partial } }: MadeFiles): CaptureChange {
  return answer === null ? {} : { answer, partial, deliver: 'finish' };
}

const collectedAt = (capture: Capture): number =>
  capture.timeline.collectedAt === null ? receivedAt(capture) : Date.parse(capture.timeline.collectedAt);
