import type { Log } from '../log.ts';
import type { Annotator } from '../annotator.ts';
import { asFailure, Failure } from '../../reasons/failure.ts';
import { backoffMs } from './backoff.ts';
import { isFinal } from '../outcome.ts';
import { maxCutOffsDelivering } from './cut-off.ts';
import type { Delivery, DeliveryResult, Ledger } from '../ledger.ts';
import type { CaptureObserver } from '../observer.ts';

/** About a day at five minutes apart; then there is no mark, and the page keeps the reason. */
const maxAttempts = 300;
/** Grafana answers in milliseconds; a request that hangs must not block the others for long. */
const deadlineMs = 20_000;

interface DeliveryParts {
  ledger: Ledger;
  annotator: Annotator;
  observer: CaptureObserver;
  owner: string;
  now: () => number;
}

/** Creates or finishes one mark on the panel and records the result. A Grafana that is away delays nothing else. */
export async function deliver(
  delivery: Delivery,
  parts: DeliveryParts,
  log: Log,
  stop: AbortSignal,
): Promise<void> {
  const { ledger, annotator, observer, owner, now } = parts;
  const { capture, want, attempts, cutOffs } = delivery;
  if (cutOffs >= maxCutOffsDelivering) {
    const reason = new Failure('capture-given-up', { detail: `${cutOffs} times while it was annotated` });
    log.error({ reason: reason.code, detail: reason.detail }, 'no mark on the panel');
    observer.delivered('failed', reason.code);
    await ledger.settleDelivery(capture.id, owner, { kind: 'failed', reason: reason.reason }, now());
    return;
  }
  const signal = AbortSignal.any([stop, AbortSignal.timeout(deadlineMs)]);
  let result: DeliveryResult;
  try {
    const annotationId = await (want === 'begin'
      ? annotator.begin(capture, signal)
      : annotator.finish(capture, signal));
    // A mark with the answer but without the flame graph is not finished.
    result = { kind: want === 'finish' && isFinal(capture) ? 'finished' : 'begun', annotationId };
    observer.delivered(result.kind, null);
  } catch (error) {
    const failure = asFailure(error);
    const again = failure.retryable && attempts < maxAttempts;
    result = again
      ? { kind: 'retry', dueAt: now() + backoffMs(attempts, 500), reason: failure.reason }
      : { kind: 'failed', reason: failure.reason };
    observer.delivered(result.kind, failure.code);
    log.warn(
      { reason: failure.code, detail: failure.detail, attempts },
      again ? 'the mark is late' : 'no mark on the panel',
    );
  }
  await ledger.settleDelivery(capture.id, owner, result, now());
}
