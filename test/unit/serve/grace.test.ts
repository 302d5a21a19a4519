import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Grace } from '../../../src/serve/grace.ts';

const hangs = (): Promise<never> => new Promise(() => undefined);

describe('flamepin is told to stop', () => {
  it('all hanging parts share one grace period', async () => {
    const grace = new Grace(50);
    await grace.within(hangs());
    assert.ok(grace.left() < 50);
    await grace.within(hangs());
    await grace.within(hangs());
  });

  it('what ends in time is awaited, and its failure reported', async () => {
    const grace = new Grace(10_000);
    let ended = false;
    await grace.within(Promise.resolve().then(() => (ended = true)));
    assert.ok(ended);
    await grace.within(undefined);
    await assert.rejects(grace.within(Promise.reject(new Error('a fault'))), /a fault/);
  });
});
