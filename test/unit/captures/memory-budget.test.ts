import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { MemoryBudget } from '../../../src/captures/analysis/memory-budget.ts';
import { recordingMemory, whyNotToRead } from '../../../src/captures/analysis/recording-memory.ts';

const mebibyte = 1024 ** 2;

describe('memory for recordings', () => {
  it('is never promised twice, and is given in order: small requests do not overtake a large one', async () => {
    const budget = new MemoryBudget(10);
    const { signal } = new AbortController();
    const first = budget.tryTake(6);
    assert.ok(first);
    assert.equal(budget.tryTake(5), null);
    const order: string[] = [];
    const large = budget.take(9, signal).then((release) => (order.push('large'), release));
    const small = budget.take(1, signal).then((release) => (order.push('small'), release));
    assert.equal(budget.tryTake(1), null, 'there is room, but others were first');
    await turn();
    assert.deepEqual(order, []);
    first();
    first();
    const releaseLarge = await large;
    (await small)();
    assert.deepEqual(order, ['large', 'small']);
    assert.equal(budget.tryTake(2), null);
    releaseLarge();
    budget.tryTake(10)?.();
  });

  it('goes entirely to what needs more than there is, and to the next when one gives up', async () => {
    const budget = new MemoryBudget(10);
    const stop = new AbortController();
    const all = budget.tryTake(50);
    assert.ok(all);
    const waiting = budget.take(10, stop.signal);
    const behind = budget.take(1, new AbortController().signal);
    stop.abort();
    await assert.rejects(waiting);
    all();
    (await behind)();
    await assert.rejects(budget.take(1, stop.signal));
  });

  it('is refused to a recording that never fits, with the limit that would suffice', () => {
    const memory = recordingMemory(64 * mebibyte, 512 * mebibyte);
    assert.equal(whyNotToRead(2 * mebibyte, memory), null);
    const refused = whyNotToRead(60 * mebibyte, memory);
    assert.equal(refused?.code, 'memory-too-small');
    const limit = Number(/limit of (\d+) MiB is enough/.exec(refused.detail)?.[1]) * mebibyte;
    assert.equal(whyNotToRead(60 * mebibyte, recordingMemory(64 * mebibyte, limit)), null);
  });
});
