import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MadeFiles } from '../../src/captures/ledger.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { must, started } from '../given/in-ledger.ts';
import { leaseMs, minute, noon, second } from '../given/time.ts';

const made: MadeFiles = {
  files: [
    {
      name: 'flamegraph.svg',
      event: 'wall',
      body: Buffer.from([0, 255, 1]),
      contentType: 'image/svg+xml',
      contentEncoding: 'identity',
    },
    {
      name: 'recording.jfr',
      event: null,
      body: Buffer.from('FLR'),
      contentType: 'application/octet-stream',
      contentEncoding: 'gzip',
    },
  ],
  outcome: { state: 'done', reason: null, answer: null, partial: true },
};
const away = { code: 'store-unavailable', detail: '' } as const;
const storeRetry = { since: '2026-11-23T12:00:00.000Z', tries: 1, nextTryAt: '2026-11-23T12:05:00.000Z' };

export function spoolingRecordings({ ledger, reopen }: LedgerUnderTest): void {
  /** A capture that the store has refused; its next try is due in five minutes. */
  async function refused(fingerprint: string, now: number = noon): Promise<string> {
    const { id } = await started(ledger(), 'a', toCapture(fingerprint));
    await ledger().spool(id, 'a', Buffer.from('recording'), { state: 'storing' }, now);
    await ledger().keepFiles(id, 'a', made, { reason: away, storeRetry }, now);
    await ledger().release(id, 'a', now + 5 * minute);
    return id;
  }
  const again = (now: number) => ledger().lease('b', now, leaseMs, 'store again');

  describe('a capture that waits for the store', () => {
    it('keeps the files that were made of its recording, in its place, also after a restart', async () => {
      const id = await refused('f1');
      await reopen();
      assert.deepEqual(await ledger().readFiles(id), made);
      assert.equal(await ledger().readSpool(id), undefined);
      assert.deepEqual((await ledger().get(id))?.storeRetry, storeRetry);
      const { captures, bytes } = await ledger().spooled();
      assert.deepEqual([captures, bytes], [1, 6]);
    });

    it('can be kept twice, and by nobody who lost the lease', async () => {
      const { id } = await started(ledger(), 'a');
      await ledger().spool(id, 'a', Buffer.from('recording'), { state: 'storing' }, noon);
      assert.equal(await ledger().keepFiles(id, 'z', made, {}, noon), false);
      assert.equal(await ledger().readFiles(id), undefined);
      for (let times = 0; times < 2; times++)
        assert.equal(await ledger().keepFiles(id, 'a', made, {}, noon), true);
      assert.deepEqual(await ledger().readFiles(id), made);
    });

    it('is leased apart from those that the store has not refused, when it is due', async () => {
      const id = await refused('f1');
      const fresh = await started(ledger(), 'a', toCapture('f2'));
      await ledger().spool(fresh.id, 'a', Buffer.from('x'), { state: 'storing' }, noon);
      await ledger().release(fresh.id, 'a', noon);
      const due = noon + 5 * minute;
      assert.equal(await again(due - 1), undefined);
      assert.equal(await ledger().lease('b', due, leaseMs, 'profile'), undefined);
      assert.equal((await ledger().lease('b', due, leaseMs, 'store'))?.id, fresh.id);
      assert.equal(await ledger().lease('b', due, leaseMs, 'store'), undefined);
      assert.equal((await again(due))?.id, id);
    });

    it('is due at once after a restart, by hand, and when the store has taken another one', async () => {
      const [first, second_, third] = [await refused('f1'), await refused('f2'), await refused('f3')];
      assert.deepEqual(await ledger().storeNow(second_, noon), [second_]);
      assert.equal((await again(noon))?.id, second_);
      assert.equal(await again(noon), undefined);
      await ledger().finishStoring(second_, 'b', { state: 'done' }, noon + second);
      assert.equal((await again(noon + second))?.id, first);
      await ledger().release(first, 'b', noon + 5 * minute);
      assert.equal((await again(noon + second))?.id, third);
      await reopen();
      assert.equal((await again(noon + second))?.id, first);
      assert.deepEqual(
        await ledger().storeNow(null, noon),
        [first, third],
        'also the one that is being stored',
      );
    });

    it('leaves nothing in the spool once it has ended, and cannot be stored by hand any more', async () => {
      const id = await refused('f1');
      must(await again(noon + 5 * minute));
      await ledger().finishStoring(id, 'b', made.outcome, noon + 5 * minute);
      assert.equal(await ledger().readFiles(id), undefined);
      assert.equal((await ledger().spooled()).bytes, 0);
      assert.equal((await ledger().get(id))?.storeRetry, null);
      assert.deepEqual(await ledger().storeNow(id, noon), []);
    });
  });
}
