import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CaptureChange } from '../../src/captures/ledger.ts';
import { slotOfSession, slotOfStart } from '../../src/captures/slot.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { leased, started, wide } from '../given/in-ledger.ts';
import { session } from '../given/session.ts';
import { targetOn } from '../given/target.ts';
import { minute, noon, second } from '../given/time.ts';

/** A place in the limits is taken for as long as a session may run in the JVM, whatever became of its capture. */
export function keepingSlots({ ledger, reopen }: LedgerUnderTest): void {
  describe('a slot in the limits', () => {
    const onePerNode = { total: 8, perNode: 1 };
    const { request } = toCapture('f1');
    const interrupted: CaptureChange = { state: 'failed', reason: { code: 'interrupted', detail: '' } };
    let asked = 0;
    /** What a further capture hears that wants this target at this time. */
    async function admission(at: number, target = targetOn('n1', 'cart'), limits = onePerNode) {
      const owner = `asks ${++asked}`;
      const { id } = await leased(ledger(), owner, toCapture(owner, { deadlineAt: at + minute }), at);
      const { kind } = await ledger().admit(id, owner, target, limits, at);
      if (kind === 'wait')
        await ledger().advance(
          id,
          owner,
          { state: 'skipped', reason: { code: 'queue-full', detail: '' } },
          at,
        );
      return kind;
    }

    it('is kept by a capture with an unknown start until no session can run, even after a restart', async () => {
      const { id } = await started(ledger(), 'a');
      assert.ok(await ledger().advance(id, 'a', interrupted, noon));
      const over = slotOfStart(request, noon);
      assert.equal(await admission(noon + second), 'wait');
      await reopen();
      assert.equal(await admission(over - 1), 'wait');
      assert.equal(await admission(over), 'admitted');
    });

    it('counts in total too, and reserves the target itself when the node has room', async () => {
      const { id, target } = await started(ledger(), 'a');
      assert.ok(await ledger().advance(id, 'a', interrupted, noon));
      const over = slotOfStart(request, noon);
      assert.equal(await admission(noon, targetOn('n2', 'cart'), { total: 1, perNode: 1 }), 'wait');
      assert.ok(target !== null);
      assert.equal(await admission(noon, target, wide), 'wait');
      assert.equal(await admission(noon, targetOn('n1', 'cart'), wide), 'admitted');
      assert.equal(await admission(over, target, wide), 'admitted');
    });

    it('ends with the session where one is known to run', async () => {
      const { id } = await started(ledger(), 'a');
      const slotUntil = slotOfSession(request, noon);
      assert.ok(await ledger().advance(id, 'a', { session, slotUntil }, noon));
      assert.ok(await ledger().advance(id, 'a', interrupted, noon));
      assert.equal(await admission(slotUntil - 1), 'wait');
      assert.equal(await admission(slotUntil), 'admitted');
    });

    it('is held during collection, however long, and free at once afterwards', async () => {
      const { id } = await started(ledger(), 'a');
      const late = noon + 10 * minute;
      await ledger().renew(id, 'a', noon, 2 * (late - noon));
      assert.equal(await admission(late), 'wait');
      const change: CaptureChange = { state: 'storing' };
      assert.ok(await ledger().spool(id, 'a', Buffer.from('recording'), change, late));
      assert.equal(await admission(late), 'admitted');
    });
  });
}
