import type { Capture } from '../../src/captures/capture.ts';
import type { Ledger } from '../../src/captures/ledger.ts';
import type { Target } from '../../src/captures/target.ts';
import { toCapture, type QueuedDecision } from './decision.ts';
import { targetOn } from './target.ts';
import { leaseMs, noon } from './time.ts';

/** Captures that a ledger holds, moved there by its own methods to where a test begins. */

export const wide = { total: 100, perNode: 100 };

/** Accepts one capture and leases it, and what is due before it: what a worker has in its hands. */
export async function leased(
  ledger: Ledger,
  owner: string,
  decision: QueuedDecision = toCapture('f1'),
  now: number = noon,
): Promise<Capture> {
  await ledger.accept([decision], now);
  for (;;) {
    const capture = must(await ledger.lease(owner, now, leaseMs));
    if (capture.id === decision.id) return capture;
  }
}

/** Accepts, leases and admits one capture: its start is on record. */
export async function started(
  ledger: Ledger,
  owner: string,
  decision: QueuedDecision = toCapture('f1'),
  target: Target = targetOn('n1', 'checkout'),
  now: number = noon,
): Promise<Capture> {
  const capture = await leased(ledger, owner, decision, now);
  const admission = await ledger.admit(capture.id, owner, target, wide, now);
  if (admission.kind !== 'admitted') throw new Error(`not admitted but ${JSON.stringify(admission)}`);
  return must(await ledger.get(capture.id));
}

/** Takes a capture from notification to `done`, its delivery due. */
export async function finished(
  ledger: Ledger,
  owner: string,
  decision: QueuedDecision = toCapture('f1'),
  target: Target = targetOn('n1', 'checkout'),
  now: number = noon,
): Promise<Capture> {
  const { id } = await started(ledger, owner, decision, target, now);
  await ledger.spool(
    id,
    owner,
    Buffer.from('recording'),
    { state: 'storing', timeline: { windowEndedAt: new Date(now).toISOString() } },
    now,
  );
  await ledger.finishStoring(id, owner, { state: 'done', deliver: 'finish' }, now);
  return must(await ledger.get(id));
}

export function must<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('expected something, found nothing');
  return value;
}
