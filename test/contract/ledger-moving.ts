import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { finished, leased, must, started, wide } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { leaseMs, minute, noon, second } from '../given/time.ts';

export function movingCaptures({ ledger, reopen }: LedgerUnderTest): void {
  describe('a lease', () => {
    it('goes to the oldest capture, and to one worker at a time', async () => {
      const decisions = [toCapture('f1'), toCapture('f2')];
      await ledger().accept(decisions, noon);
      assert.equal((await ledger().lease('a', noon, leaseMs))?.id, decisions[0]?.id);
      assert.equal((await ledger().lease('b', noon, leaseMs))?.id, decisions[1]?.id);
      assert.equal(await ledger().lease('c', noon, leaseMs), undefined);
    });

    it('is kept by renewing it', async () => {
      const { id } = await leased(ledger(), 'a');
      assert.equal(await ledger().renew(id, 'a', noon + 9 * second, leaseMs), true);
      assert.equal(await ledger().lease('b', noon + 15 * second, leaseMs), undefined);
      assert.equal((await ledger().lease('b', noon + 19 * second, leaseMs))?.id, id);
    });

    it('shows that its target is being looked for, until it is given back, freed or found', async () => {
      const { id, state } = await leased(ledger(), 'a');
      const stateNow = async (): Promise<string | undefined> => (await ledger().get(id))?.state;
      assert.deepEqual([state, await stateNow()], ['resolving', 'resolving']);
      assert.equal((await ledger().counts()).resolving, 1);

      await ledger().release(id, 'a', noon);
      assert.equal(await stateNow(), 'queued');

      await ledger().lease('b', noon, leaseMs);
      await ledger().sweep(noon + leaseMs);
      assert.equal(await stateNow(), 'queued');

      await ledger().lease('c', noon + leaseMs, leaseMs);
      await reopen();
      assert.equal(await stateNow(), 'queued');

      await ledger().lease('d', noon + leaseMs, leaseMs);
      await ledger().admit(id, 'd', targetOn('n1', 'checkout'), wide, noon + leaseMs);
      assert.equal(await stateNow(), 'capturing');
    });

    it('that was lost lets nothing be written any more', async () => {
      const { id } = await leased(ledger(), 'a');
      const later = noon + leaseMs;
      assert.equal((await ledger().lease('b', later, leaseMs))?.id, id);
      const lost = [
        await ledger().renew(id, 'a', later, leaseMs),
        await ledger().release(id, 'a', later),
        await ledger().advance(id, 'a', { state: 'skipped' }, later),
        await ledger().spool(id, 'a', Buffer.from('x'), { state: 'storing' }, later),
        await ledger().finishStoring(id, 'a', { state: 'done' }, later),
      ];
      assert.deepEqual(lost, [false, false, false, false, false]);
      const admission = await ledger().admit(id, 'a', targetOn('n1', 'checkout'), wide, later);
      assert.deepEqual(admission, { kind: 'lost' });
      assert.equal((await ledger().get(id))?.state, 'resolving');
      assert.equal(await ledger().readSpool(id), undefined);
    });

    it('counts attempts of a stage, given back or cut off, and begins again with the next stage', async () => {
      const { id, ...first } = must(
        await ledger()
          .accept([toCapture('f1')], noon)
          .then(() => ledger().lease('a', noon, leaseMs)),
      );
      assert.equal(first.attempts, 0);
      await ledger().advance(id, 'a', { state: 'resolving' }, noon);
      await ledger().release(id, 'a', noon + second);
      assert.equal(await ledger().lease('a', noon, leaseMs), undefined);
      assert.equal((await ledger().lease('a', noon + second, leaseMs))?.attempts, 1);
      // Its process is gone: the lease runs out.
      assert.equal((await ledger().lease('b', noon + second + leaseMs, leaseMs))?.attempts, 2);
      const now = noon + 20 * second;
      await ledger().admit(id, 'b', targetOn('n1', 'checkout'), wide, now);
      await ledger().release(id, 'b', now);
      assert.equal((await ledger().lease('b', now, leaseMs))?.attempts, 1);
    });

    it('for profiling passes by what only has to be stored, so that a store that hangs holds up no window', async () => {
      const spooled = await started(ledger(), 'a');
      await ledger().spool(spooled.id, 'a', Buffer.from('recording'), { state: 'storing' }, noon);
      await ledger().release(spooled.id, 'a', noon);
      const waiting = toCapture('f2');
      await ledger().accept([waiting], noon);
      assert.equal((await ledger().lease('b', noon, leaseMs, 'profile'))?.id, waiting.id);
      assert.equal(await ledger().lease('c', noon, leaseMs, 'profile'), undefined);
      assert.equal((await ledger().lease('c', noon, leaseMs, 'store'))?.id, spooled.id);
    });

    it('is not given while paused to what waits for its start, but to what is under way', async () => {
      const running = await started(ledger(), 'a');
      await ledger().release(running.id, 'a', noon);
      const waiting = toCapture('f2');
      await ledger().accept([waiting], noon);
      await ledger().setPaused(true);
      assert.equal((await ledger().lease('b', noon, leaseMs))?.id, running.id);
      assert.equal(await ledger().lease('c', noon, leaseMs), undefined);
      await ledger().setPaused(false);
      assert.equal((await ledger().lease('c', noon, leaseMs))?.id, waiting.id);
    });

    it('that ran out is freed by the sweep, and the state stays', async () => {
      const { id } = await started(ledger(), 'a');
      assert.deepEqual(await ledger().sweep(noon + leaseMs - 1), { ended: [], freed: [] });
      assert.deepEqual(await ledger().sweep(noon + leaseMs), { ended: [], freed: [id] });
      assert.equal((await ledger().get(id))?.state, 'capturing');
      assert.equal(await ledger().renew(id, 'a', noon + leaseMs, leaseMs), false);
    });
  });

  describe('the intent to start', () => {
    it('is on record, with the target, before anything starts, and survives a restart', async () => {
      const { id } = await leased(ledger(), 'a');
      const target = targetOn('n1', 'checkout', 'sha256:1');
      assert.equal((await ledger().admit(id, 'a', target, wide, noon)).kind, 'admitted');
      const capture = must(await (await reopen()).get(id));
      assert.equal(capture.state, 'capturing');
      assert.deepEqual(capture.target, target);
      assert.equal(capture.timeline.resolvedAt, '2026-11-23T12:00:00.000Z');
    });

    it('makes a target that dies while its profiler starts one that is watched for harm', async () => {
      const { id } = await started(ledger(), 'a');
      const reason = { code: 'target-gone', detail: '' } as const;
      await ledger().advance(id, 'a', { state: 'failed', reason }, noon);
      assert.deepEqual(
        (await ledger().watches(noon + minute)).map((capture) => capture.id),
        [id],
      );
    });

    it('of a capture that was refused before anything was touched leads to no watch', async () => {
      const { id } = await started(ledger(), 'a');
      const reason = { code: 'memory-low', detail: '' } as const;
      await ledger().advance(id, 'a', { state: 'skipped', reason }, noon);
      assert.deepEqual(await ledger().watches(noon + minute), []);
    });

    it('is written once: whoever asks again does not start', async () => {
      const { id } = await started(ledger(), 'a');
      const again = await ledger().admit(id, 'a', targetOn('n1', 'checkout'), wide, noon);
      assert.deepEqual(again, { kind: 'lost' });
      await ledger().release(id, 'a', noon);
      const next = must(await ledger().lease('b', noon, leaseMs));
      assert.equal(next.state, 'capturing');
      assert.deepEqual(await ledger().admit(id, 'b', targetOn('n1', 'checkout'), wide, noon), {
        kind: 'lost',
      });
    });

    it('cannot be taken back, nor written in any other way', async () => {
      const { id } = await started(ledger(), 'a');
      await assert.rejects(ledger().advance(id, 'a', { state: 'queued' }, noon), /cannot move/);
      const other = await leased(ledger(), 'a', toCapture('f2'));
      await assert.rejects(ledger().advance(other.id, 'a', { state: 'capturing' }, noon), /cannot move/);
      assert.equal((await ledger().get(other.id))?.state, 'resolving');
    });
  });

  describe('admission', () => {
    it('waits while its node or the whole is full, and goes on when a window has ended', async () => {
      const limits = { total: 2, perNode: 1 };
      const admit = async (id: string, node: string): Promise<string> =>
        (await ledger().admit(id, 'a', targetOn(node, id), limits, noon)).kind;
      const ids: string[] = [];
      for (const fingerprint of ['f1', 'f2', 'f3', 'f4'])
        ids.push((await leased(ledger(), 'a', toCapture(fingerprint))).id);
      const [one = '', two = '', three = '', four = ''] = ids;
      assert.equal(await admit(one, 'n1'), 'admitted');
      assert.equal(await admit(two, 'n1'), 'wait');
      assert.equal(await admit(three, 'n2'), 'admitted');
      assert.equal(await admit(four, 'n3'), 'wait');
      await ledger().advance(one, 'a', { state: 'storing' }, noon);
      assert.equal(await admit(four, 'n2'), 'wait');
      assert.equal(await admit(two, 'n1'), 'admitted');
      assert.equal((await ledger().get(four))?.state, 'resolving');
    });

    it('waits while another capture is in a window of the very same target', async () => {
      const first = await started(ledger(), 'a');
      const { id } = await leased(ledger(), 'a', toCapture('f2'));
      const admit = async (): Promise<string> =>
        (await ledger().admit(id, 'a', targetOn('n1', 'checkout'), wide, noon)).kind;
      assert.equal(await admit(), 'wait');
      await ledger().advance(first.id, 'a', { state: 'storing' }, noon);
      assert.equal(await admit(), 'admitted');
    });

    it('counts a window whose worker is gone: it may still run', async () => {
      await started(ledger(), 'a');
      await ledger().sweep(noon + leaseMs);
      const { id } = await leased(ledger(), 'a', toCapture('f2'));
      const limits = { total: 1, perNode: 1 };
      const admission = await ledger().admit(id, 'a', targetOn('n2', 'cart'), limits, noon);
      assert.deepEqual(admission, { kind: 'wait' });
    });

    it('refuses a workload in cooldown that the labels did not show, without telling Grafana', async () => {
      const request = { cooldownSeconds: 900 };
      await started(ledger(), 'a', toCapture('f1', { request }));
      const { id } = await leased(ledger(), 'a', toCapture('f2', { request }));
      const now = noon + 15 * minute;
      const soon = await ledger().admit(id, 'a', targetOn('n2', 'checkout'), wide, noon + second);
      assert.equal(soon.kind === 'refused' && soon.reason.code, 'cooldown');
      const capture = must(await ledger().get(id));
      assert.equal(capture.state, 'skipped');
      assert.equal(capture.reason?.code, 'cooldown');
      assert.equal(capture.annotation.state, 'none');
      assert.equal(await ledger().leaseDelivery('d', now, leaseMs), undefined);
      const third = toCapture('f3', { request, deadlineAt: now + minute });
      await started(ledger(), 'a', third, targetOn('n2', 'checkout'), now);
    });

    it('refuses after the deadline, and tells Grafana', async () => {
      const { id } = await leased(ledger(), 'a');
      const admission = await ledger().admit(id, 'a', targetOn('n1', 'checkout'), wide, noon + 2 * minute);
      assert.equal(admission.kind === 'refused' && admission.reason.code, 'deadline-passed');
      assert.equal((await ledger().leaseDelivery('d', noon + 2 * minute, leaseMs))?.capture.id, id);
    });
  });

  describe('the deadline', () => {
    const skippedAt = async (now: number): Promise<string[]> =>
      (await ledger().sweep(now)).ended.map(({ id }) => id);

    it('skips what still waits, with its reason, and makes its mark due', async () => {
      const decision = toCapture('f1');
      await ledger().accept([decision], noon);
      assert.deepEqual(await skippedAt(noon + 2 * minute - 1), []);
      assert.deepEqual(await skippedAt(noon + 2 * minute), [decision.id]);
      const capture = must(await ledger().get(decision.id));
      assert.equal(capture.state, 'skipped');
      assert.equal(capture.reason?.code, 'deadline-passed');
      const delivery = must(await ledger().leaseDelivery('d', noon + 2 * minute, leaseMs));
      assert.equal(delivery.capture.id, decision.id);
      assert.equal(delivery.want, 'finish');
    });

    it('also ends one that was given back while resolving, but none that has started', async () => {
      const waiting = await leased(ledger(), 'a', toCapture('f1'));
      await ledger().advance(waiting.id, 'a', { state: 'resolving' }, noon);
      await ledger().release(waiting.id, 'a', noon + second);
      const running = await started(ledger(), 'a', toCapture('f2'));
      await ledger().release(running.id, 'a', noon + second);
      assert.deepEqual(await skippedAt(noon + 5 * minute), [waiting.id]);
      assert.equal((await ledger().lease('b', noon + 5 * minute, leaseMs))?.id, running.id);
    });

    it('is kept to also before the sweep has run: late captures are not leased', async () => {
      await ledger().accept([toCapture('f1')], noon);
      assert.equal(await ledger().lease('a', noon + 2 * minute, leaseMs), undefined);
    });
  });

  describe('a recording', () => {
    it('is spooled with the end of the window, read back byte for byte, and gone once stored', async () => {
      const { id } = await started(ledger(), 'a');
      const recording = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 256));
      const change = { state: 'storing', timeline: { windowEndedAt: '2026-11-23T12:00:30.000Z' } } as const;
      assert.equal(await ledger().spool(id, 'a', recording, change, noon), true);
      await reopen();
      assert.deepEqual(await ledger().readSpool(id), recording);
      const capture = must(await ledger().lease('b', noon + leaseMs, leaseMs));
      assert.equal(capture.state, 'storing');
      assert.equal(capture.timeline.windowEndedAt, '2026-11-23T12:00:30.000Z');
      assert.equal(await ledger().finishStoring(id, 'b', { state: 'done' }, noon), true);
      assert.equal(await ledger().readSpool(id), undefined);
      assert.equal((await ledger().get(id))?.state, 'done');
    });

    it('does not stay behind when storing is given up', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().spool(id, 'a', Buffer.from('x'), { state: 'storing' }, noon);
      await ledger().advance(id, 'a', { state: 'failed' }, noon);
      assert.equal(await ledger().readSpool(id), undefined);
    });
  });

  describe('a capture that has ended', () => {
    it('is never leased nor changed again', async () => {
      const { id } = await finished(ledger(), 'a');
      assert.equal(await ledger().lease('a', noon + minute, leaseMs), undefined);
      assert.equal(await ledger().advance(id, 'a', { state: 'failed' }, noon), false);
      assert.equal(await ledger().renew(id, 'a', noon, leaseMs), false);
    });

    it('keeps what was learnt on the way', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().advance(id, 'a', { timeline: { startedAt: '2026-11-23T12:00:01.000Z' } }, noon);
      const reason = { code: 'recording-damaged', detail: 'chunk 2' } as const;
      await ledger().advance(id, 'a', { state: 'failed', reason, partial: true }, noon);
      const capture = must(await ledger().get(id));
      assert.deepEqual(
        [capture.state, capture.reason, capture.partial, capture.timeline.startedAt],
        ['failed', reason, true, '2026-11-23T12:00:01.000Z'],
      );
    });
  });
}
