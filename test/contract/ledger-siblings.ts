import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Capture } from '../../src/captures/capture.ts';
import type { NewSibling } from '../../src/captures/ledger.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { leased, must, started, wide } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { leaseMs, minute, noon, second } from '../given/time.ts';

const image = 'sha256:1';
const target = targetOn('n1', 'checkout', image);
const beside = { ...target, uri: 'kubernetes://shop/checkout-abc/app', name: 'checkout-abc', node: 'n2' };
const deadlineAt = noon + 5 * second;

export function profilingSiblings({ ledger, reopen }: LedgerUnderTest): void {
  const request = { sibling: true, cooldownSeconds: 900 };

  /** A capture in its window, and a sibling of it that waits for its start. */
  async function withSibling(): Promise<{ capture: Capture; sibling: NewSibling }> {
    const capture = await started(ledger(), 'a', toCapture('f1', { request }), target);
    const sibling = { id: captureId(noon), target: beside, deadlineAt };
    assert.equal(await ledger().addSibling(capture.id, 'a', sibling, noon), true);
    return { capture, sibling };
  }

  describe('a sibling', () => {
    it('is queued and recorded in its capture together, and survives a restart', async () => {
      const { capture, sibling } = await withSibling();
      await reopen();
      const { alert } = capture;
      assert.deepEqual(must(await ledger().get(capture.id)).sibling, {
        captureId: sibling.id,
        name: 'checkout-abc',
        harm: null,
      });
      const queued = must(await ledger().get(sibling.id));
      assert.deepEqual(queued.siblingOf, { captureId: capture.id, name: target.name });
      assert.deepEqual([queued.state, queued.alert, queued.target], ['queued', alert, beside]);
      const { purpose, event, durationSeconds } = queued.request;
      assert.deepEqual([purpose, event, durationSeconds], ['sibling', 'wall', 30]);
      assert.equal(queued.request.sibling, false, 'it has none itself');
    });

    it('is not what the link of its alert leads to', async () => {
      const { capture } = await withSibling();
      assert.equal((await ledger().findAlert('f1'))?.capture?.id, capture.id);
    });

    it('is queued once, in the window, by who holds the lease', async () => {
      const { capture } = await withSibling();
      const another = { id: captureId(noon), target: beside, deadlineAt };
      assert.equal(await ledger().addSibling(capture.id, 'a', another, noon), false);
      const waiting = await leased(ledger(), 'b', toCapture('f2'));
      assert.equal(await ledger().addSibling(waiting.id, 'b', another, noon), false);
      const other = await started(ledger(), 'c', toCapture('f3'), targetOn('n3', 'cart'));
      assert.equal(await ledger().addSibling(other.id, 'd', another, noon), false);
      assert.equal(await ledger().get(another.id), undefined);
    });

    it('is leased, admitted within the limits and never marked on a panel', async () => {
      const { sibling } = await withSibling();
      assert.equal((await ledger().lease('b', noon, leaseMs, 'profile'))?.id, sibling.id);
      const admit = async (limits: { total: number; perNode: number }): Promise<string> =>
        (await ledger().admit(sibling.id, 'b', beside, limits, noon)).kind;
      assert.equal(await admit({ total: 1, perNode: 1 }), 'wait');
      assert.equal(await admit({ total: 2, perNode: 1 }), 'admitted');
      await ledger().advance(sibling.id, 'b', { deliver: 'begin' }, noon);
      await ledger().advance(sibling.id, 'b', { state: 'failed', deliver: 'finish' }, noon);
      assert.equal(await ledger().leaseDelivery('d', noon + minute, leaseMs), undefined);
      assert.equal((await ledger().get(sibling.id))?.annotation.state, 'none');
    });

    it('that could not start within seconds is skipped, without a mark, and with its own reason', async () => {
      const { sibling } = await withSibling();
      assert.equal(await ledger().lease('b', deadlineAt, leaseMs, 'profile'), undefined);
      const { ended } = await ledger().sweep(deadlineAt);
      assert.deepEqual(
        ended.map(({ id, reason, request: { purpose } }) => [id, reason?.code, purpose]),
        [[sibling.id, 'sibling-late', 'sibling']],
      );
      assert.equal(await ledger().leaseDelivery('d', deadlineAt, leaseMs), undefined);
    });

    it('is refused when its deadline passed while a worker held it', async () => {
      const { sibling } = await withSibling();
      await ledger().lease('b', noon, leaseMs, 'profile');
      const admission = await ledger().admit(sibling.id, 'b', beside, wide, deadlineAt);
      assert.equal(admission.kind === 'refused' && admission.reason.code, 'sibling-late');
    });

    it('takes no part in the cooldown of its workload', async () => {
      const { sibling } = await withSibling();
      await ledger().lease('b', noon, leaseMs, 'profile');
      const admission = await ledger().admit(sibling.id, 'b', beside, wide, noon + second);
      assert.equal(admission.kind, 'admitted');
      // The capture itself was a quarter of an hour ago, its sibling a second less.
      const later = noon + 15 * minute;
      const next = toCapture('f2', { request, workloadKey: 'other', deadlineAt: later + minute });
      const admitted = await leased(ledger(), 'c', next, later);
      const elsewhere = { ...target, uri: 'kubernetes://shop/checkout-new/app', node: 'n3' };
      assert.equal((await ledger().admit(admitted.id, 'c', elsewhere, wide, later)).kind, 'admitted');
    });

    it('makes an alert about the same pod wait for the end of its window, not fail', async () => {
      const { sibling } = await withSibling();
      await ledger().lease('b', noon, leaseMs, 'profile');
      await ledger().admit(sibling.id, 'b', beside, wide, noon);
      const { id } = await leased(ledger(), 'c', toCapture('f2'));
      assert.equal((await ledger().admit(id, 'c', beside, wide, noon)).kind, 'wait');
      await ledger().advance(sibling.id, 'b', { state: 'storing' }, noon);
      assert.equal((await ledger().admit(id, 'c', beside, wide, noon)).kind, 'admitted');
    });

    it('that died after its window is reported on the mark of its capture, and its image is blocked', async () => {
      const { capture, sibling } = await withSibling();
      await ledger().lease('b', noon, leaseMs, 'profile');
      await ledger().admit(sibling.id, 'b', beside, wide, noon);
      await ledger().advance(sibling.id, 'b', { state: 'done' }, noon);
      await ledger().advance(capture.id, 'a', { state: 'done', deliver: 'finish' }, noon);
      const told = must(await ledger().leaseDelivery('d', noon, leaseMs));
      await ledger().settleDelivery(told.capture.id, 'd', { kind: 'finished', annotationId: 7 }, noon);

      assert.deepEqual(
        (await ledger().watches(noon + minute)).map(({ id }) => id).toSorted(),
        [capture.id, sibling.id].toSorted(),
      );
      await ledger().recordHarm(sibling.id, 'container app restarted', noon + minute);
      const again = must(await ledger().leaseDelivery('d', noon + minute, leaseMs));
      assert.equal(again.capture.id, capture.id);
      assert.equal(again.capture.sibling?.harm, 'container app restarted');
      assert.equal(again.capture.harm, null, 'its own target lives');
      assert.deepEqual(
        (await ledger().blocks()).map(({ key, captureId: id }) => [key, id]),
        [[image, sibling.id]],
      );
    });

    it('that was stopped on purpose is not reported there', async () => {
      const { capture, sibling } = await withSibling();
      await ledger().recordHarm(sibling.id, 'pod checkout-abc was deleted', noon, false);
      assert.equal((await ledger().get(capture.id))?.sibling?.harm, null);
    });
  });
}
