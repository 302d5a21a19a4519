import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maxCutOffs } from '../../src/captures/ledger.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { finished, leased, must, started, wide } from '../given/in-ledger.ts';
import { session } from '../given/session.ts';
import { targetOn } from '../given/target.ts';
import { leaseMs, minute, noon, second } from '../given/time.ts';

/** A record that nobody can read, or work that ends the process each time, concerns one capture and no other. */
export function survivingDamage({ ledger, damaged, reopen }: LedgerUnderTest): void {
  describe('a capture whose record cannot be read', () => {
    for (const [what, text, by] of [
      ['is no JSON', '{"id"', 'X"id"'],
      ['has a state that nobody knows', '"queued"', '"quoted"'],
      ['holds no alert', '"alert":', '"alirt":'],
    ] as const)
      it(`and that ${what} is ended with its reason, is reported, and keeps nobody waiting`, async () => {
        const [bad, good] = [toCapture('f1'), toCapture('f2')];
        await ledger().accept([bad, good], noon);
        const again = await damaged(bad.id, text, by);
        assert.deepEqual(
          (await again.list({ limit: 10 })).map(({ id }) => id).sort(),
          [bad.id, good.id].sort(),
        );

        const first = must(await again.lease('a', noon + second, leaseMs));
        assert.equal(first.id, bad.id);
        assert.equal(first.flaw?.code, 'capture-unreadable');
        assert.equal((await again.lease('b', noon + second, leaseMs))?.id, good.id);
        const change = { state: first.state, reason: first.flaw, deliver: 'finish' } as const;
        assert.ok(await again.advance(bad.id, 'a', change, noon + second));
        const ended = must(await again.get(bad.id));
        assert.deepEqual([ended.state, ended.reason?.code], ['failed', 'capture-unreadable']);
        assert.equal(await again.lease('c', noon + second, leaseMs), undefined);
        assert.equal((await again.leaseDelivery('d', noon + second, leaseMs))?.capture.id, bad.id);
      });

    it('is still leased when it was started, so that its target can be cleaned', async () => {
      const { id, target } = await started(ledger(), 'a');
      assert.ok(await ledger().advance(id, 'a', { session: { ...session, pid: 5525 } }, noon));
      const again = await damaged(id, '"pid":5525', '"pid":55.5');
      const capture = must(await again.lease('b', noon + second, leaseMs));
      assert.deepEqual([capture.state, capture.session, capture.target], ['capturing', null, target]);
      assert.match(capture.flaw?.detail ?? '', /session: pid/);
    });

    it('does not affect others: they are admitted, swept, listed and annotated as usual', async () => {
      const { id } = await started(ledger(), 'a', toCapture('f1'));
      const done = await finished(ledger(), 'b', toCapture('f2'), targetOn('n2', 'cart'));
      await damaged(id, '{"id"', 'X"id"');
      const again = await damaged(done.id, '"reason":null', '"reason":true');
      const other = await leased(again, 'c', toCapture('f3'), noon + minute);
      assert.equal(
        (await again.admit(other.id, 'c', targetOn('n3', 'web'), wide, noon + minute)).kind,
        'admitted',
      );
      await again.sweep(noon + 5 * minute);
      assert.equal((await again.list({ limit: 10 })).length, 3);
      assert.deepEqual(
        (await again.watches(noon + minute)).map((capture) => capture.id),
        [done.id],
      );
      assert.ok((await again.leaseDelivery('d', noon + minute, leaseMs)) !== undefined);
      assert.equal((await again.findAlert('f1'))?.capture?.reason?.code, 'capture-unreadable');
    });
  });

  describe('a change that could not be read back', () => {
    it('is refused, and nothing of it is kept', async () => {
      const { id } = await started(ledger(), 'a');
      for (const pid of [5.5, Infinity, NaN])
        await assert.rejects(ledger().advance(id, 'a', { session: { ...session, pid } }, noon), {
          code: 'internal-error',
        });
      assert.equal((await ledger().get(id))?.session, null);
    });
  });

  describe('interrupted work', () => {
    it('is counted apart from work that was returned, until the next stage', async () => {
      const decision = toCapture('f1');
      await ledger().accept([decision], noon);
      let now = noon;
      const next = async () => must(await ledger().lease('a', now, leaseMs));
      assert.equal((await next()).cutOffs, 0);
      await ledger().release(decision.id, 'a', now);
      assert.equal((await next()).cutOffs, 0, 'given back');
      now += leaseMs;
      assert.equal((await next()).cutOffs, 1, 'its lease ran out');
      await reopen();
      assert.equal((await next()).cutOffs, 2, 'its process ended');
      await ledger().admit(decision.id, 'a', targetOn('n1', 'checkout'), wide, now);
      now += leaseMs;
      assert.equal((await next()).cutOffs, 1, 'a new stage');
    });

    it('is given up by the ledger after too many times, and reported', async () => {
      const { id } = await started(ledger(), 'a');
      let now = noon;
      let ended: string[] = [];
      for (let times = 0; times <= maxCutOffs && ended.length === 0; times++) {
        now += leaseMs;
        ended = (await ledger().sweep(now)).ended.map((capture) => capture.id);
        if (ended.length === 0) await ledger().lease('a', now, leaseMs);
      }
      assert.deepEqual(ended, [id]);
      assert.equal((await ledger().get(id))?.reason?.code, 'capture-given-up');
      assert.equal((await ledger().leaseDelivery('d', now, leaseMs))?.capture.id, id);
      assert.equal(await ledger().lease('a', now + leaseMs, leaseMs), undefined);
    });

    it('on storing never costs the recording: it is set aside for ten minutes, and stored by hand at once', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().spool(id, 'a', Buffer.from('recording'), { state: 'storing' }, noon);
      let now = noon;
      const store = () => ledger().lease('a', now, leaseMs);
      for (let times = 0; times < maxCutOffs; times++) {
        now += leaseMs;
        assert.deepEqual((await ledger().sweep(now)).ended, []);
        assert.equal((await store())?.id, id, `after ${times} cut-offs`);
      }
      now += leaseMs;
      await ledger().sweep(now);
      assert.deepEqual((await ledger().sweep(now)).ended, []);
      const aside = must(await ledger().get(id));
      assert.deepEqual([aside.state, aside.reason?.code], ['storing', 'storing-cut-off']);
      assert.equal(aside.storeRetry?.nextTryAt, new Date(now + 10 * minute).toISOString());
      await reopen();
      assert.equal(await store(), undefined, 'neither at once nor after a restart');
      assert.deepEqual(await ledger().storeNow(id, now), [id]);
      assert.equal((await store())?.id, id);
      now += leaseMs;
      await ledger().sweep(now);
      await ledger().sweep(now);
      assert.equal(await store(), undefined, 'set aside again');
      now += 10 * minute;
      assert.equal((await store())?.id, id);
      assert.deepEqual(await ledger().readSpool(id), Buffer.from('recording'));
    });

    it('on a mark is counted as well', async () => {
      const { id } = await finished(ledger(), 'a');
      assert.equal((await ledger().leaseDelivery('d', noon, leaseMs))?.cutOffs, 0);
      assert.equal((await ledger().leaseDelivery('d', noon + leaseMs, leaseMs))?.cutOffs, 1);
      await ledger().settleDelivery(
        id,
        'd',
        { kind: 'retry', dueAt: noon + leaseMs, reason: { code: 'grafana-unavailable', detail: '' } },
        noon + leaseMs,
      );
      assert.equal((await ledger().leaseDelivery('d', noon + leaseMs, leaseMs))?.cutOffs, 0);
    });
  });
}
