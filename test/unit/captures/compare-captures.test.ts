import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { compareCaptures, type CompareCaptures } from '../../../src/captures/analysis/compare-captures.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import { readProfile } from '../../../src/profile/reading/read-profile.ts';
import { unpackRecording } from '../../../src/profile/reading/unpack-recording.ts';
import { minute, noon } from '../../given/time.ts';
import { openKept, take, type Kept } from '../../given/baseline-ledger.ts';

const bound = 64 * 1024 * 1024;
const recordings = join(import.meta.dirname, '../../fixtures/recordings');
const profileOf = (name: string): string =>
  JSON.stringify(readProfile(unpackRecording(readFileSync(join(recordings, name)), bound)));

describe('two stored captures of a workload', () => {
  let kept: Kept;
  let compare: CompareCaptures;
  let well: Capture;
  let slow: Capture;

  before(async () => {
    kept = await openKept();
    compare = compareCaptures(kept.store, [], bound);
    const purpose = 'alert' as const;
    well = await take(kept, { at: noon, purpose, profile: profileOf('shop-baseline.jfr.gz') });
    slow = await take(kept, { at: noon + minute, purpose, profile: profileOf('shop-regression.jfr.gz') });
  });

  after(async () => {
    await kept[Symbol.asyncDispose]();
  });

  it('are compared in both directions: grown and shrunk', async () => {
    const grown = await compare(slow, well);
    assert.deepEqual(grown.answer?.comparedWith, {
      captureId: well.id,
      label: 'capture Mon 12:00, same image',
    });
    assert.match(grown.answer.headline, /^\d+% of the time .*RuleSet.*; before: \d/);
    const shrunk = await compare(well, slow);
    assert.match(shrunk.answer?.headline ?? '', /, down from \d+%/);
    assert.match(shrunk.answer?.lines.join('\n') ?? '', /: −\d+ ±\d+ pp vs capture Mon 12:01, same image/);
  });

  it('are compared two pairs at a time; more are told to retry', async () => {
    const results = await Promise.allSettled([compare(slow, well), compare(well, slow), compare(slow, well)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    );
  });

  it('are not compared with themselves or with another workload', async () => {
    const other = await take(kept, { at: noon + 2 * minute, workload: 'payment' });
    await assert.rejects(compare(slow, slow), { code: 'comparison-with-itself' });
    await assert.rejects(compare(slow, other), { code: 'comparison-unlike' });
  });

  it('both need a profile that exists and can be read', async () => {
    const expired = await take(kept, { at: noon + 3 * minute, profile: null });
    await assert.rejects(compare(slow, expired), {
      code: 'comparison-without-profile',
      detail: `${expired.id} has passed its retention`,
    });
    const damaged = await take(kept, { at: noon + 4 * minute, profile: '{"events": 1}' });
    await assert.rejects(compare(damaged, well), {
      code: 'comparison-without-profile',
      detail: `the profile of ${damaged.id} cannot be read`,
    });
  });
});
