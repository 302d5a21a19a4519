import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { slotOfStart } from '../../src/captures/slot.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { finished, leased, must, started } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { leaseMs, minute, noon, second } from '../given/time.ts';

const hour = 60 * minute;

/** The machine's clock is set by an hour while work is under way, or between two processes. */
export function followingTheClock({ ledger }: LedgerUnderTest): void {
  for (const [direction, step] of [
    ['back', -hour],
    ['forward', hour],
  ] as const)
    describe(`a clock that is set ${direction} by an hour`, () => {
      it('leaves leases, deadlines and retries as long as they were', async () => {
        const { id } = await leased(ledger(), 'a', toCapture('f1', { deadlineAt: noon + minute }));
        const waiting = toCapture('f2', { deadlineAt: noon + minute });
        await ledger().accept([waiting], noon);
        await ledger().lease('b', noon, leaseMs);
        await ledger().release(waiting.id, 'b', noon + 2 * second);
        await ledger().shift(step, noon);
        const now = noon + step;
        assert.equal(await ledger().lease('c', now + second, leaseMs), undefined, 'neither is due');
        assert.equal((await ledger().lease('c', now + 2 * second, leaseMs))?.id, waiting.id);
        assert.deepEqual((await ledger().sweep(now + leaseMs - 1)).freed, []);
        assert.deepEqual((await ledger().sweep(now + leaseMs)).freed, [id]);
        const { ended } = await ledger().sweep(now + minute);
        assert.deepEqual(ended.map((capture) => capture.id).sort(), [id, waiting.id].sort());
      });

      it('leaves slots, cooldowns and deliveries as long as they were', async () => {
        const decision = toCapture('f1', { request: { cooldownSeconds: 600 } });
        const { id } = await started(ledger(), 'a', decision);
        await ledger().advance(id, 'a', { state: 'failed', reason: null, deliver: 'finish' }, noon);
        await ledger().shift(step, noon);
        const now = noon + step;
        assert.equal((await ledger().leaseDelivery('d', now, leaseMs))?.capture.id, id);

        const again = (fingerprint: string) =>
          toCapture(fingerprint, {
            workloadKey: decision.workloadKey,
            request: { cooldownSeconds: 600 },
            deadlineAt: now + hour,
          });
        const outcome = async (at: number, fingerprint: string) =>
          (await ledger().accept([again(fingerprint)], at))[0]?.outcome;
        assert.equal(await outcome(now + 10 * minute - 1, 'f3'), 'cooldown');
        assert.equal(await outcome(now + 10 * minute, 'f4'), 'queued');

        const over = slotOfStart(decision.request, now);
        const admission = async (at: number, owner: string) => {
          const other = await leased(ledger(), owner, toCapture(owner, { deadlineAt: at + hour }), at);
          const target = targetOn('n1', 'cart');
          return (await ledger().admit(other.id, owner, target, { total: 8, perNode: 1 }, at)).kind;
        };
        assert.equal(await admission(over - 1, 'x'), 'wait');
        assert.equal(await admission(over, 'y'), 'admitted');
      });
    });

  describe('what another process wrote by a clock that was an hour ahead', () => {
    it('is brought back: it waits no longer than it was meant to', async () => {
      const later = noon + hour;
      const done = await finished(
        ledger(),
        'a',
        toCapture('f1', { deadlineAt: later + minute }),
        targetOn('n1', 'checkout'),
        later,
      );
      const waiting = toCapture('f2', { deadlineAt: later + minute });
      await ledger().accept([waiting], later);
      await ledger().sweep(noon);
      assert.equal((await ledger().lease('b', noon, leaseMs))?.id, waiting.id);
      assert.equal((await ledger().leaseDelivery('d', noon, leaseMs))?.capture.id, done.id);
      await ledger().release(waiting.id, 'b', noon);
      assert.deepEqual((await ledger().sweep(noon + minute - 1)).ended, []);
      assert.equal(must((await ledger().sweep(noon + minute)).ended[0]).id, waiting.id);
    });

    it('holds up the workload no longer than a cooldown that began now', async () => {
      const request = { cooldownSeconds: 600 };
      const first = toCapture('f1', { request, deadlineAt: noon + hour + minute });
      await finished(ledger(), 'a', first, targetOn('n1', 'checkout'), noon + hour);
      await ledger().sweep(noon);
      const outcome = async (at: number, fingerprint: string) => {
        const again = toCapture(fingerprint, {
          workloadKey: first.workloadKey,
          request,
          deadlineAt: at + hour,
        });
        return (await ledger().accept([again], at))[0]?.outcome;
      };
      assert.equal(await outcome(noon + 10 * minute - 1, 'f2'), 'cooldown');
      assert.equal(await outcome(noon + 10 * minute, 'f3'), 'queued');
    });
  });
}
