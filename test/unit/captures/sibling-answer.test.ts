import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { captureBefore } from '../../../src/captures/baselines/capture-before.ts';
import { captureView } from '../../../src/captures/analysis/capture-view.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import { compareCaptures, type CompareCaptures } from '../../../src/captures/analysis/compare-captures.ts';
import { siblingLinks } from '../../../src/http/comparison.ts';
import { listPage } from '../../../src/http/list-page.ts';
import { readProfile } from '../../../src/profile/reading/read-profile.ts';
import { unpackRecording } from '../../../src/profile/reading/unpack-recording.ts';
import { minute, noon, second } from '../../given/time.ts';
import { openKept, take, type Kept } from '../../given/baseline-ledger.ts';

const bound = 64 * 1024 * 1024;
const recordings = join(import.meta.dirname, '../../fixtures/recordings');
const profileOf = (name: string): string =>
  JSON.stringify(readProfile(unpackRecording(readFileSync(join(recordings, name)), bound)));
const alike = 'Both pods look alike: the cause is not this pod alone.';

describe('a capture and its healthy sibling', () => {
  let kept: Kept;
  let compare: CompareCaptures;
  let well: Capture;
  let slow: Capture;
  let sibling: Capture;

  before(async () => {
    kept = await openKept();
    compare = compareCaptures(kept.store, [], bound);
    const profile = profileOf('shop-baseline.jfr.gz');
    const [first, second_, third] = [
      await take(kept, { at: noon, purpose: 'alert', profile }),
      await take(kept, { at: noon + minute, purpose: 'alert', profile: profileOf('shop-regression.jfr.gz') }),
      await take(kept, { at: noon + minute + second, purpose: 'sibling', profile }),
    ];
    sibling = { ...third, siblingOf: { captureId: second_.id, name: 'checkout-ill' } };
    const its = { captureId: sibling.id, name: 'checkout-x2x', harm: null };
    well = { ...first, sibling: its };
    slow = { ...second_, sibling: its };
  });
  after(() => kept[Symbol.asyncDispose]());

  const view = (capture: Capture) =>
    captureView(capture, { base: '', applicationPackages: [], otherLinks: [] });

  it('are compared by name: what the alerting one does more', async () => {
    const { answer } = await compare(slow, sibling);
    assert.match(answer?.headline ?? '', /RuleSet.*; healthy: \d/);
    assert.match(answer?.lines.join('\n') ?? '', /: \+\d+ ±\d+ pp vs sibling checkout-x2x, same window; /);
    assert.ok(!answer?.lines.includes(alike));
  });

  it('that look alike say that the cause is not this pod alone', async () => {
    const { answer } = await compare(well, sibling);
    assert.match(answer?.headline ?? '', /nothing .*changed beyond noise/);
    assert.equal(answer?.lines[0], alike);
    const { answer: other } = await compare({ ...well, sibling: null }, sibling);
    assert.ok(!other?.lines.includes(alike), 'another capture of the workload says nothing of this kind');
  });

  it('link to each other, whatever the answer was compared with', () => {
    assert.deepEqual(siblingLinks(slow, sibling), [
      {
        text: 'Compare with sibling checkout-x2x, same window',
        url: `/captures/${slow.id}?against=${sibling.id}`,
      },
    ]);
    const late: Capture = { ...sibling, state: 'skipped', artifacts: [] };
    assert.deepEqual(siblingLinks(slow, late), [
      { text: 'Sibling checkout-x2x (skipped)', url: `/captures/${sibling.id}` },
    ]);
    assert.deepEqual(siblingLinks(sibling, undefined), [
      { text: 'The capture of checkout-ill', url: `/captures/${slow.id}` },
    ]);
    assert.equal(
      view(sibling).lines[0],
      'A healthy sibling of checkout-ill, profiled in the same window to compare it with.',
    );
  });

  it('say why they are not compared automatically', () => {
    assert.ok(sibling.answer);
    const idle: Capture = { ...sibling, answer: { ...sibling.answer, samples: 3 } };
    const flaw = 'the workload did too little: 3 samples, at least 5 are needed';
    assert.equal(
      siblingLinks(slow, idle)[0]?.text,
      `Compare with sibling checkout-x2x, same window (${flaw})`,
    );
    assert.ok(view(idle).lines.includes(`Not used for comparison automatically: ${flaw}.`));
    assert.ok(!view(sibling).lines.some((line) => line.startsWith('Not compared')));
  });

  it('are told apart in the list, by badge and by title', () => {
    const page = listPage([sibling], {
      query: {},
      pageSize: 50,
      origin: '',
      held: { paused: false, blocks: [] },
    });
    assert.match(page, />sibling, HighLatency</);
    assert.equal(view(sibling).badges[0]?.text, 'sibling');
    assert.match(view(sibling).title, /^sibling shop\/Deployment\/checkout$/);
  });

  it('are never the capture before', async () => {
    const later = await take(kept, { at: noon + 5 * minute, purpose: 'alert' });
    assert.equal((await captureBefore(kept.ledger, later))?.id, slow.id);
    assert.equal(await captureBefore(kept.ledger, sibling), undefined);
  });

  it('share their harm: the alert’s page says that the other died', () => {
    const dead = { captureId: sibling.id, name: 'checkout-x2x', harm: 'container app restarted' };
    assert.match(
      view({ ...slow, sibling: dead }).lines[0] ?? '',
      /^The sibling checkout-x2x died .*container app restarted$/,
    );
  });
});
