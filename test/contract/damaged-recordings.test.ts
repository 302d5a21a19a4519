import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { collapsed } from '../../src/profile/collapsed.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { Failure } from '../../src/reasons/failure.ts';

const fixture = (name: string) =>
  gunzipSync(readFileSync(new URL(`../fixtures/recordings/${name}.jfr.gz`, import.meta.url)));

/** Runs in a thread with little memory and a deadline: a crash, a hang or a greedy allocation ends the test. */
async function fuzz(recording: Buffer, rounds: number, seed: number): Promise<Record<string, number>> {
  const worker = new Worker(new URL('damaged-recordings-worker.ts', import.meta.url), {
    workerData: { recording, rounds, seed },
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 },
  });
  try {
    const [seen] = (await once(worker, 'message')) as [Record<string, number>];
    return seen;
  } finally {
    await worker.terminate();
  }
}

describe('Damaged recordings', { timeout: 60_000 }, () => {
  it('never crash, hang or exhaust the reader: 2,000 mutations of a small one', async (t) => {
    const seen = await fuzz(fixture('shop-quiet'), 2_000, 1);
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.damaged! > 200 && seen.partial! > 100 && seen.read! > 100, JSON.stringify(seen));
    assert.ok(seen.masked! > 100 && seen.unmaskable! > 100, JSON.stringify(seen));
    assert.ok(seen.shown! > 50, JSON.stringify(seen));
  });

  it('never crash, hang or exhaust the reader: 60 mutations of a large one', async () => {
    await fuzz(fixture('shop-regression'), 60, 2);
  });

  it('that are cut off give what is whole or are refused, never more than there was', () => {
    const whole = fixture('shop-regression');
    const lines = new Set(
      collapsed(readProfile(whole), 'cpu')
        .split('\n')
        .map((line) => line.replace(/ \d+$/, '').replaceAll(/_\[\w\]/g, '')),
    );
    let partial = 0;
    for (let lost = 1; lost < whole.length; lost = Math.ceil(lost * 1.5)) {
      const bytes = whole.subarray(0, whole.length - lost);
      try {
        const profile = readProfile(bytes);
        partial++;
        assert.equal(profile.partial, true);
        assert.match(profile.warnings.join(), /cut off/);
        for (const line of collapsed(profile, 'cpu').split('\n')) {
          assert.ok(lines.has(line.replace(/ \d+$/, '').replaceAll(/_\[\w\]/g, '')), line);
        }
      } catch (error) {
        assert.ok(error instanceof Failure && error.code === 'recording-damaged', String(error));
      }
    }
    assert.ok(partial > 0, 'cut in the constants, some stacks are whole');
  });
});
