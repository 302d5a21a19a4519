import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LedgerUnderTest } from './ledger.ts';
import { resolved } from '../given/alert.ts';
import { toCapture } from '../given/decision.ts';
import { finished, must, started } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { leaseMs, minute, noon, second } from '../given/time.ts';

const down = { code: 'grafana-unavailable', detail: 'connection refused' } as const;

export function deliveringAnnotations({ ledger, reopen }: LedgerUnderTest): void {
  /** Leases the next mark; fails when there is none. */
  const next = async (owner: string, now: number): ReturnType<typeof lease> => must(await lease(owner, now));
  const lease = async (
    owner: string,
    now: number,
  ): Promise<{ id: string; want: string; attempts: number }> => {
    const delivery = must(await ledger().leaseDelivery(owner, now, leaseMs));
    return { id: delivery.capture.id, want: delivery.want, attempts: delivery.attempts };
  };
  const nothing = async (now: number): Promise<void> => {
    assert.equal(await ledger().leaseDelivery('nobody', now, leaseMs), undefined);
  };
  const annotation = async (id: string): Promise<unknown> => (await ledger().get(id))?.annotation;

  describe('a mark on the panel', () => {
    it('is begun, waits for the end of the window, and is finished', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().advance(id, 'a', { deliver: 'begin' }, noon);
      assert.deepEqual(await annotation(id), { state: 'pending', reason: null, id: null });
      assert.deepEqual(await next('d', noon), { id, want: 'begin', attempts: 0 });
      await nothing(noon);
      assert.equal(await ledger().settleDelivery(id, 'd', { kind: 'begun', annotationId: 7 }, noon), true);
      assert.deepEqual(await annotation(id), { state: 'begun', reason: null, id: 7 });
      await nothing(noon + minute);

      await ledger().advance(id, 'a', { state: 'failed', deliver: 'finish' }, noon + minute);
      assert.equal((await ledger().counts()).deliveriesDue, 1);
      assert.deepEqual(await next('d', noon + minute), { id, want: 'finish', attempts: 0 });
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon + minute);
      assert.deepEqual(await annotation(id), { state: 'finished', reason: null, id: 7 });
      assert.equal((await ledger().get(id))?.timeline.annotatedAt, '2026-11-23T12:01:00.000Z');
      await nothing(noon + 10 * minute);
      assert.equal((await ledger().counts()).deliveriesDue, 0);
    });

    it('not yet begun is finished at once: one mark, not two', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().advance(id, 'a', { deliver: 'begin' }, noon);
      await ledger().advance(id, 'a', { state: 'failed', deliver: 'finish' }, noon);
      assert.deepEqual(await next('d', noon), { id, want: 'finish', attempts: 0 });
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon);
      await nothing(noon + minute);
    });

    it('being begun is finished afterwards, not at the same time', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().advance(id, 'a', { deliver: 'begin' }, noon);
      await next('d', noon);
      await ledger().advance(id, 'a', { state: 'failed', deliver: 'finish' }, noon + second);
      await nothing(noon + second);
      await ledger().settleDelivery(id, 'd', { kind: 'begun', annotationId: 7 }, noon + second);
      assert.deepEqual(await annotation(id), { state: 'begun', reason: null, id: 7 });
      assert.deepEqual(await next('d', noon + second), { id, want: 'finish', attempts: 0 });
    });

    it('is tried again later, also after a restart, with its attempts counted', async () => {
      const { id } = await finished(ledger(), 'a');
      await next('d', noon);
      const retry = { kind: 'retry', dueAt: noon + minute, reason: down } as const;
      await ledger().settleDelivery(id, 'd', retry, noon);
      assert.deepEqual(await annotation(id), { state: 'pending', reason: down, id: null });
      await nothing(noon + minute - 1);
      await reopen();
      assert.deepEqual(await next('d', noon + minute), { id, want: 'finish', attempts: 1 });
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon + minute);
      assert.deepEqual(await annotation(id), { state: 'finished', reason: null, id: 7 });
    });

    it('is taken over when its worker is gone, whose later writes do not count', async () => {
      const { id } = await finished(ledger(), 'a');
      await next('d', noon);
      assert.deepEqual(await next('e', noon + leaseMs), { id, want: 'finish', attempts: 1 });
      const late = { kind: 'finished', annotationId: 9 } as const;
      assert.equal(await ledger().settleDelivery(id, 'd', late, noon + leaseMs), false);
      assert.deepEqual(await annotation(id), { state: 'pending', reason: null, id: null });
    });

    it('that Grafana refuses is not tried again; the capture stays done and the reason is kept', async () => {
      const { id } = await finished(ledger(), 'a');
      await next('d', noon);
      const reason = { code: 'panel-not-found', detail: 'shop/2' } as const;
      await ledger().settleDelivery(id, 'd', { kind: 'failed', reason }, noon);
      assert.deepEqual(await annotation(id), { state: 'failed', reason, id: null });
      assert.equal((await ledger().get(id))?.state, 'done');
      await nothing(noon + minute);
    });

    it('whose beginning Grafana refused is still finished', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().advance(id, 'a', { deliver: 'begin' }, noon);
      await next('d', noon);
      const reason = { code: 'grafana-denied', detail: '' } as const;
      await ledger().settleDelivery(id, 'd', { kind: 'failed', reason }, noon);
      await ledger().advance(id, 'a', { state: 'failed', deliver: 'finish' }, noon);
      assert.deepEqual(await next('d', noon), { id, want: 'finish', attempts: 0 });
    });

    it('is never made for a baseline', async () => {
      await finished(ledger(), 'a', toCapture('b1', { request: { purpose: 'baseline' } }));
      await nothing(noon + minute);
      const late = toCapture('b2', { request: { purpose: 'baseline' } });
      await ledger().accept([late], noon);
      await ledger().sweep(noon + 5 * minute);
      await nothing(noon + 5 * minute);
    });

    it('is updated when the alert resolves after it was finished', async () => {
      const { id } = await finished(ledger(), 'a');
      await next('d', noon);
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon);
      await ledger().accept([resolved('f1')], noon + minute);
      const delivery = must(await ledger().leaseDelivery('d', noon + minute, leaseMs));
      assert.equal(delivery.want, 'finish');
      assert.deepEqual(delivery.capture.annotation, { state: 'finished', reason: null, id: 7 });
      assert.equal(delivery.capture.alertResolvedAt, '2026-11-23T12:00:00.000Z');
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon + minute);
      await ledger().accept([resolved('f1')], noon + 2 * minute);
      await nothing(noon + 10 * minute);
    });

    it('is updated when the alert resolves while it is being finished', async () => {
      const { id } = await finished(ledger(), 'a');
      await next('d', noon);
      await ledger().accept([resolved('f1')], noon + second);
      await nothing(noon + second);
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon + second);
      assert.deepEqual(await next('d', noon + second), { id, want: 'finish', attempts: 0 });
    });

    it('stays finished when only an update fails, and says why', async () => {
      const { id } = await finished(ledger(), 'a');
      await next('d', noon);
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon);
      await ledger().accept([resolved('f1')], noon + minute);
      await next('d', noon + minute);
      const reason = { code: 'grafana-rejected', detail: '404' } as const;
      await ledger().settleDelivery(id, 'd', { kind: 'failed', reason }, noon + minute);
      assert.deepEqual(await annotation(id), { state: 'finished', reason, id: 7 });
    });
  });

  describe('harm to a target', () => {
    const endedAt = noon;

    it('is watched for during five minutes after the window', async () => {
      const { id } = await finished(ledger(), 'a');
      const watched = async (now: number): Promise<string[]> =>
        (await ledger().watches(now)).map((capture) => capture.id);
      assert.deepEqual(await watched(endedAt + second), [id]);
      assert.deepEqual(await watched(endedAt + 5 * minute - 1), [id]);
      assert.deepEqual(await watched(endedAt + 5 * minute), []);
      await ledger().recordHarm(id, 'The pod restarted.', endedAt + minute);
      assert.deepEqual(await watched(endedAt + minute), []);
    });

    it('is watched for also when the target was lost in its window', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().advance(id, 'a', { timeline: { startedAt: new Date(noon).toISOString() } }, noon);
      assert.deepEqual(await ledger().watches(noon + minute), []);
      const reason = { code: 'target-gone', detail: '' } as const;
      await ledger().advance(id, 'a', { state: 'failed', reason, deliver: 'finish' }, noon + minute);
      const watched = async (now: number): Promise<number> => (await ledger().watches(now)).length;
      assert.equal(await watched(noon + 30 * second + 5 * minute - 1), 1);
      assert.equal(await watched(noon + 30 * second + 5 * minute), 0);
    });

    it('is not watched for where nothing was started', async () => {
      const { id } = await started(ledger(), 'a');
      const reason = { code: 'attach-disabled', detail: '' } as const;
      await ledger().advance(id, 'a', { state: 'skipped', reason }, noon);
      assert.deepEqual(await ledger().watches(noon + second), []);
    });

    it('is shown on the mark, blocks the image until released, and is reported to later alerts', async () => {
      const image = 'sha256:1';
      const { id } = await finished(ledger(), 'a', toCapture('f1'), targetOn('n1', 'checkout', image));
      await next('d', noon);
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon);
      await ledger().recordHarm(id, 'The pod restarted.', noon + minute);
      await ledger().recordHarm(id, 'The pod restarted again.', noon + 2 * minute);
      const delivery = must(await ledger().leaseDelivery('d', noon + 2 * minute, leaseMs));
      assert.equal(delivery.capture.harm, 'The pod restarted.');
      assert.deepEqual(await ledger().blocks(), [
        { key: image, captureId: id, reason: 'The pod restarted.', since: noon + minute },
      ]);

      const admit = async (fingerprint: string): Promise<string> => {
        const decision = toCapture(fingerprint);
        await ledger().accept([decision], noon);
        await ledger().lease('a', noon, leaseMs);
        const target = targetOn('n2', 'other', image);
        const admission = await ledger().admit(decision.id, 'a', target, { total: 9, perNode: 9 }, noon);
        return admission.kind === 'refused' ? admission.reason.code : admission.kind;
      };
      assert.equal(await admit('f2'), 'target-blocked');
      assert.equal((await ledger().counts()).deliveriesDue, 2);
      assert.equal(await ledger().releaseBlock(image), true);
      assert.equal(await ledger().releaseBlock(image), false);
      assert.equal(await admit('f3'), 'admitted');
    });

    it('is not assumed when the target was stopped on purpose: shown on the mark, nothing blocked', async () => {
      const { id } = await finished(ledger(), 'a');
      await next('d', noon);
      await ledger().settleDelivery(id, 'd', { kind: 'finished', annotationId: 7 }, noon);
      await ledger().recordHarm(id, 'The pod was deleted.', noon + minute, false);
      const { capture } = must(await ledger().leaseDelivery('d', noon + minute, leaseMs));
      assert.deepEqual([capture.harm, capture.harmBlocks], ['The pod was deleted.', false]);
      assert.deepEqual(await ledger().blocks(), []);
      assert.deepEqual(await ledger().watches(noon + minute), []);
    });

    it('blocks the workload where the image is not known, and stays after a restart', async () => {
      const { id } = await finished(ledger(), 'a');
      await ledger().recordHarm(id, 'The process is gone.', noon + minute);
      await reopen();
      assert.deepEqual(
        (await ledger().blocks()).map(({ key }) => key),
        ['shop/Deployment/checkout'],
      );
    });
  });
}
