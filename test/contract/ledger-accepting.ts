import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AlertDecision } from '../../src/captures/ledger.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { firing, resolved } from '../given/alert.ts';
import { toCapture } from '../given/decision.ts';
import { finished, leased, must } from '../given/in-ledger.ts';
import { minute, noon, second } from '../given/time.ts';

export function acceptingAlerts({ ledger, reopen }: LedgerUnderTest): void {
  describe('a notification', () => {
    it('becomes a queued capture that is still there after a restart', async () => {
      const decision = toCapture('f1');
      assert.deepEqual(await ledger().accept([decision], noon), [
        { fingerprint: 'f1', outcome: 'queued', captureId: decision.id },
      ]);
      const capture = must(await (await reopen()).get(decision.id));
      assert.equal(capture.state, 'queued');
      assert.deepEqual(capture.alert, decision.alert);
      assert.deepEqual(capture.request, decision.request);
      assert.deepEqual(capture.panel, decision.panel);
      assert.equal(capture.timeline.receivedAt, '2026-11-23T12:00:00.000Z');
      assert.equal(capture.annotation.state, 'none');
    });

    it('with nothing in it is accepted', async () => {
      assert.deepEqual(await ledger().accept([], noon), []);
    });

    it('keeps the reason of an alert that is not captured', async () => {
      const alert = firing('f1');
      const reason = { code: 'no-route', detail: 'team="x"' } as const;
      const answer = await ledger().accept([{ alert, outcome: 'unrouted', reason }], noon);
      assert.deepEqual(answer, [{ fingerprint: 'f1', outcome: 'unrouted', reason }]);
      assert.deepEqual(await ledger().findAlert('f1'), {
        alert,
        outcome: 'unrouted',
        reason,
        receivedAt: noon,
        capture: null,
      });
    });

    it('of 10,000 alerts is taken whole', async () => {
      const decisions = Array.from({ length: 10_000 }, (_, i) => toCapture(`f${i}`));
      const answers = await ledger().accept(decisions, noon);
      assert.equal(answers.filter(({ outcome }) => outcome === 'queued').length, 10_000);
      assert.equal((await ledger().counts()).queued, 10_000);
    });

    it('is taken whole or not at all', async () => {
      const broken = toCapture('f2');
      const decisions = [toCapture('f1'), broken, toCapture('f3', { id: broken.id })];
      await assert.rejects(ledger().accept(decisions, noon));
      assert.equal(await ledger().findAlert('f1'), undefined);
      assert.equal((await ledger().counts()).queued, 0);
    });

    it('keeps hostile labels as they are', async () => {
      const labels = { a: `'"; DROP TABLE captures; -- $(id)\n<script>\u0000`, b: 'é'.repeat(50_000) };
      const decision = toCapture(`'f`, { alert: { labels }, workloadKey: `'"` });
      await ledger().accept([decision], noon);
      assert.deepEqual((await ledger().get(decision.id))?.alert.labels, labels);
      assert.equal((await ledger().findAlert(`'f`))?.capture?.id, decision.id);
    });
  });

  describe('an alert seen before', () => {
    it('is a duplicate and names the capture it has', async () => {
      const first = toCapture('f1');
      await ledger().accept([first], noon);
      const [answer] = await ledger().accept([toCapture('f1')], noon + 4 * 60 * minute);
      assert.equal(answer?.outcome, 'duplicate');
      assert.equal(answer.captureId, first.id);
      assert.equal(answer.reason?.code, 'duplicate-alert');
    });

    it('is a duplicate within the same notification too', async () => {
      const answers = await ledger().accept([toCapture('f1'), toCapture('f1'), toCapture('f2')], noon);
      assert.deepEqual(
        answers.map(({ outcome }) => outcome),
        ['queued', 'duplicate', 'queued'],
      );
    });

    it('comes 50 times at once and is captured once', async () => {
      const all = await Promise.all(
        Array.from({ length: 50 }, () => ledger().accept([toCapture('f1'), toCapture('f2')], noon)),
      );
      assert.equal(all.flat().filter(({ outcome }) => outcome === 'queued').length, 2);
      assert.equal((await ledger().counts()).queued, 2);
    });

    it('is another one when its source or its start differs', async () => {
      const answers = await ledger().accept(
        [
          toCapture('f1'),
          toCapture('f1', { alert: { source: 'grafana' } }),
          toCapture('f1', { alert: { startsAt: '2026-11-23T11:56:00Z' } }),
        ],
        noon,
      );
      assert.deepEqual(
        answers.map(({ outcome }) => outcome),
        ['queued', 'queued', 'queued'],
      );
    });

    for (const [outcome, code] of [
      ['paused', 'paused'],
      ['observed', 'observe-mode'],
    ] as const)
      it(`as ${outcome} may be captured when it comes again`, async () => {
        const first: AlertDecision = { alert: firing('f1'), outcome, reason: { code, detail: '' } };
        const twice = await ledger().accept([first, first], noon);
        assert.deepEqual(
          twice.map((answer) => answer.outcome),
          [outcome, 'duplicate'],
        );
        const again = toCapture('f1');
        const [answer] = await ledger().accept([again], noon + minute);
        assert.equal(answer?.outcome, 'queued');
        assert.equal((await ledger().findAlert('f1'))?.capture?.id, again.id);
      });
  });

  it('an observed alert is told what a capture would have found; another alert is not', async () => {
    const reason = { code: 'observe-mode', detail: '' } as const;
    const other: AlertDecision = {
      alert: firing('f2'),
      outcome: 'unrouted',
      reason: { code: 'no-route', detail: 'closest' },
    };
    await ledger().accept([{ alert: firing('f1'), outcome: 'observed', reason }, other], noon);
    const explain = (fingerprint: string) =>
      ledger().explainObserved(firing(fingerprint), 'it would have profiled kubernetes://shop/web-1/app');
    for (const fingerprint of ['f1', 'f2', 'f3']) await explain(fingerprint);
    assert.deepEqual((await ledger().findAlert('f1'))?.reason, {
      code: 'observe-mode',
      detail: 'it would have profiled kubernetes://shop/web-1/app',
    });
    assert.deepEqual((await ledger().findAlert('f2'))?.reason, { code: 'no-route', detail: 'closest' });
    assert.equal(await ledger().findAlert('f3'), undefined);
    assert.equal((await (await reopen()).findAlert('f1'))?.reason?.detail.includes('web-1'), true);
  });

  describe('the cooldown by labels', () => {
    const request = { cooldownSeconds: 900 };
    const workloadKey = 'shop/checkout';

    it('lets one of many pods through', async () => {
      const decisions = Array.from({ length: 30 }, (_, i) => toCapture(`f${i}`, { workloadKey, request }));
      const answers = await ledger().accept(decisions, noon);
      assert.equal(answers.filter(({ outcome }) => outcome === 'queued').length, 1);
      const refused = must(answers[1]);
      assert.equal(refused.outcome, 'cooldown');
      assert.ok(must(refused.reason).detail.includes(must(decisions[0]).id));
    });

    it('slides from the start of the capture and ends to the millisecond', async () => {
      await finished(ledger(), 'w', toCapture('f1', { workloadKey, request }));
      const later = async (fingerprint: string, ms: number): Promise<string | undefined> =>
        (await ledger().accept([toCapture(fingerprint, { workloadKey, request })], noon + ms))[0]?.outcome;
      assert.equal(await later('f2', 15 * minute - 1), 'cooldown');
      assert.equal(await later('f3', 15 * minute), 'queued');
    });

    it('holds nobody back for a capture that ended without a start', async () => {
      const { id } = await leased(ledger(), 'w', toCapture('f1', { workloadKey, request }));
      await ledger().advance(
        id,
        'w',
        { state: 'skipped', reason: { code: 'target-not-found', detail: '' } },
        noon,
      );
      const [answer] = await ledger().accept([toCapture('f2', { workloadKey, request })], noon + second);
      assert.equal(answer?.outcome, 'queued');
    });

    it('of an alert is not that of baselines', async () => {
      const baseline = toCapture('b1', {
        workloadKey,
        request: { purpose: 'baseline', cooldownSeconds: 900 },
      });
      await finished(ledger(), 'w', baseline);
      const [answer] = await ledger().accept([toCapture('f2', { workloadKey, request })], noon + second);
      assert.equal(answer?.outcome, 'queued');
    });
  });

  describe('a full queue', () => {
    it('skips with the reason, tells Grafana, and is free again when one is taken', async () => {
      const crowd = Array.from({ length: 4 }, (_, i) => toCapture(`f${i}`, { queueLimit: 3 }));
      const refused = must((await ledger().accept(crowd, noon))[3]);
      assert.equal(refused.outcome, 'ignored');
      assert.equal(refused.reason?.code, 'queue-full');
      const capture = must(await ledger().get(must(refused.captureId)));
      assert.equal(capture.state, 'skipped');
      assert.equal(capture.reason?.code, 'queue-full');
      assert.equal(capture.annotation.state, 'pending');
      assert.equal((await ledger().leaseDelivery('d', noon, second))?.capture.id, capture.id);

      const next = must(await ledger().lease('w', noon, second));
      await ledger().advance(next.id, 'w', { state: 'skipped' }, noon);
      const [answer] = await ledger().accept([toCapture('f9', { queueLimit: 3 })], noon);
      assert.equal(answer?.outcome, 'queued');
    });
  });

  describe('a resolved alert', () => {
    it('closes its episode on the capture, which opens again when it fires with the same start', async () => {
      const decision = toCapture('f1');
      await ledger().accept([decision], noon);
      const [answer] = await ledger().accept([resolved('f1')], noon + minute);
      assert.equal(answer?.outcome, 'resolved');
      assert.equal(answer.captureId, decision.id);
      assert.equal((await ledger().get(decision.id))?.alertResolvedAt, '2026-11-23T12:00:00.000Z');
      const [again] = await ledger().accept([toCapture('f1')], noon + 2 * minute);
      assert.deepEqual([again?.outcome, again?.captureId], ['duplicate', decision.id]);
      assert.equal((await ledger().get(decision.id))?.alertResolvedAt, null);
      await ledger().accept([resolved('f1', { endsAt: '2026-11-23T12:03:00Z' })], noon + 3 * minute);
      assert.equal((await ledger().get(decision.id))?.alertResolvedAt, '2026-11-23T12:03:00.000Z');
    });

    it('closes the episode also when its sender disagrees about the start', async () => {
      const decision = toCapture('f1');
      await ledger().accept([decision], noon);
      await ledger().accept([resolved('f1', { startsAt: '2026-11-23T11:55:30Z' })], noon + minute);
      assert.notEqual((await ledger().get(decision.id))?.alertResolvedAt, null);
    });

    it('that comes late leaves a newer episode open', async () => {
      const newer = toCapture('f1', { alert: { startsAt: '2026-11-23T12:01:00Z' } });
      await ledger().accept([newer], noon + minute);
      await ledger().accept([resolved('f1')], noon + 2 * minute);
      assert.equal((await ledger().get(newer.id))?.alertResolvedAt, null);
    });

    it('that was never seen firing is recorded, and its late firing is not captured', async () => {
      const [answer] = await ledger().accept([resolved('f1')], noon);
      assert.equal(answer?.outcome, 'resolved');
      assert.equal((await ledger().findAlert('f1'))?.outcome, 'resolved');
      const [late] = await ledger().accept([toCapture('f1')], noon + second);
      assert.equal(late?.outcome, 'duplicate');
    });

    it('ends what was paused: it is not captured afterwards', async () => {
      const reason = { code: 'paused', detail: '' } as const;
      await ledger().accept([{ alert: firing('f1'), outcome: 'paused', reason }], noon);
      await ledger().accept([resolved('f1')], noon + second);
      const [answer] = await ledger().accept([toCapture('f1')], noon + minute);
      assert.equal(answer?.outcome, 'duplicate');
    });
  });

  describe('the newest alert of a fingerprint', () => {
    it('is found with its capture, and with the earlier one when it is in cooldown', async () => {
      const request = { cooldownSeconds: 900 };
      const first = toCapture('f1', { request });
      await ledger().accept([first], noon);
      assert.equal((await ledger().findAlert('f1'))?.capture?.id, first.id);
      const later = { startsAt: '2026-11-23T12:00:30Z' };
      const [answer] = await ledger().accept([toCapture('f1', { request, alert: later })], noon + minute);
      assert.equal(answer?.captureId, first.id);
      const seen = must(await ledger().findAlert('f1'));
      assert.equal(seen.outcome, 'cooldown');
      assert.equal(seen.reason?.code, 'cooldown');
      assert.equal(seen.capture?.id, first.id);
      assert.equal(await ledger().findAlert('nobody'), undefined);
    });

    it('is found with the capture of its firing after a resolved with another start', async () => {
      const first = toCapture('f1');
      await ledger().accept([first], noon);
      const end = '2026-11-23T12:10:00Z';
      await ledger().accept([resolved('f1', { startsAt: end, endsAt: end })], noon + 10 * minute);
      const seen = must(await ledger().findAlert('f1'));
      assert.deepEqual([seen.outcome, seen.capture?.id], ['resolved', first.id]);
      assert.notEqual((await ledger().get(first.id))?.alertResolvedAt, null);
    });

    it("in the cooldown of another alert's capture names that one, and does not resolve it", async () => {
      const sharing = { request: { cooldownSeconds: 900 }, workloadKey: 'shop/checkout' };
      const first = toCapture('f1', sharing);
      await ledger().accept([first, toCapture('f2', sharing)], noon);
      assert.equal((await ledger().findAlert('f2'))?.capture?.id, first.id);
      const [answer] = await ledger().accept([resolved('f2')], noon + minute);
      assert.equal(answer?.captureId, first.id);
      assert.equal((await ledger().get(first.id))?.alertResolvedAt, null);
    });

    it('whose capture only then met a cooldown is found with the capture that it waits for', async () => {
      const request = { cooldownSeconds: 900 };
      const first = await finished(ledger(), 'w', toCapture('f1', { request }));
      const second = await leased(ledger(), 'w', toCapture('f2', { request }));
      const limits = { total: 8, perNode: 8 };
      const admission = await ledger().admit(second.id, 'w', must(first.target), limits, noon + minute);
      assert.equal(admission.kind, 'refused');
      assert.equal((await ledger().findAlert('f2'))?.capture?.id, first.id);
    });
  });
}
