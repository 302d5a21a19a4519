import type { Capture } from '../../src/captures/capture.ts';
import type { Ledger } from '../../src/captures/ledger.ts';

const anHour = 3_600_000;
const wide = { total: 1000, perNode: 1000 };

/** Puts a capture into a ledger as it is, by the way that a worker takes: for pages of states that pass quickly. */
export async function seedCapture(ledger: Ledger, capture: Capture): Promise<void> {
  const { id, alert, request, panel, target, state, reason, session, answer, partial, artifacts } = capture;
  const receivedAt = Date.parse(capture.timeline.receivedAt ?? alert.startsAt);
  const owner = `seed ${id}`;
  const [accepted] = await ledger.accept(
    [
      {
        alert,
        outcome: 'queued',
        id,
        request: { ...request, cooldownSeconds: 0 },
        panel,
        workloadKey: id,
        deadlineAt: Date.now() + anHour,
        queueLimit: 1000,
      },
    ],
    receivedAt,
  );
  if (accepted?.outcome !== 'queued') throw new Error(`${id}: the alert was ${accepted?.outcome}`);
  if (state === 'queued') return;
  const passed: string[] = [];
  for (;;) {
    const leased = await ledger.lease(owner, Date.now(), anHour);
    if (leased === undefined) throw new Error(`${id} could not be leased`);
    if (leased.id === id) break;
    passed.push(leased.id);
  }
  for (const other of passed) await ledger.release(other, owner, Date.now());
  if (target !== null) {
    const admission = await ledger.admit(id, owner, target, wide, Date.now());
    if (admission.kind !== 'admitted') throw new Error(`${id}: ${JSON.stringify(admission)}`);
  }
  const { timeline } = capture;
  // No JVM is profiled here: the next one may be seeded on the same node.
  const change = { state, reason, session, answer, partial, artifacts, timeline, slotUntil: null };
  if (!(await ledger.advance(id, owner, change, Date.now()))) throw new Error(`${id} was not taken over`);
}
