import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallTree } from '../../../src/flamegraph/call-tree.ts';
import { differenceOf, type Difference } from '../../../src/flamegraph/difference.ts';
import { profileTree } from '../../../src/flamegraph/profile-tree.ts';
import { readingOf } from '../../../src/flamegraph/reading.ts';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import type { Comparison } from '../../../src/profile/comparison/comparison.ts';
import type { ProfileEvent } from '../../../src/profile/profile.ts';
import { storedWindow } from '../../given/stored-window.ts';

interface Pictured {
  comparison: Comparison;
  tree: CallTree;
  difference: Difference;
  /** Labels of the coloured boxes, `+` before what grew, `-` before what shrank. */
  coloured: Set<string>;
}

/** Two windows of real runs, compared and drawn. */
function picture(before: string, now: string, event: ProfileEvent, foldFramework = false): Pictured {
  const [base, current] = [storedWindow(before), storedWindow(now)];
  const comparison = compareProfiles(base, current, { event, baseLabel: 'before' });
  const [baseTree, tree] = [base, current].map((profile) =>
    profileTree(readingOf(profile, []), event, { foldFramework, threads: true }),
  ) as [CallTree, CallTree];
  const difference = differenceOf(tree, baseTree, event, comparison.changedFrames);
  const coloured = new Set<string>();
  for (let node = 0; node < tree.size; node += 1) {
    const verdict = difference.verdict(node);
    if (verdict !== 'same')
      coloured.add(`${verdict === 'grew' ? '+' : '-'}${tree.frames[tree.frame[node]!]!.label}`);
  }
  return { comparison, tree, difference, coloured };
}

describe('the picture of a difference agrees with the sentence', () => {
  it('shows nothing where nothing changed', () => {
    const pairs = [0, 1, 2, 3, 4, 5].map((pair) => [`pairs/00${pair}-base`, `pairs/00${pair}-same`, 'cpu']);
    const events = ['cpu', 'wall', 'alloc', 'lock'].map((event) => [
      'faults/baseline',
      'faults/same-load',
      event,
    ]);
    for (const [before, now, event] of [...pairs, ...events] as [string, string, ProfileEvent][]) {
      const { comparison, difference, coloured } = picture(before, now, event);
      assert.match(comparison.headline, /nothing changed|of the same work/);
      assert.deepEqual([...coloured], [], `${now}, ${event}`);
      assert.deepEqual(difference.vanished, [], `${now}, ${event}`);
    }
  });

  it('shows the method that grew and its callers, and not what lost share to it', () => {
    const { coloured } = picture('faults/baseline', 'faults/burn', 'cpu');
    for (const label of ['+http-worker-*', '+Thread.run', '+CheckoutService.price', '+RuleSet.rescan'])
      assert.ok(coloured.has(label), label);
    assert.ok(![...coloured].some((label) => /compile|C2/i.test(label)), [...coloured].join(' '));
  });

  it('the same with the framework folded', () => {
    const { tree, difference, coloured } = picture('faults/baseline', 'faults/slow', 'wall', true);
    assert.ok(coloured.has('+Pause.millis'));
    const folds = [...tree.folded.keys()].filter((node) => difference.verdict(node) === 'grew');
    assert.ok(folds.length > 0, 'the run of framework frames that leads to it');
  });

  it('shows what is allocated more, under the code that allocates it', () => {
    const { coloured } = picture('faults/baseline', 'faults/alloc', 'alloc');
    for (const label of ['+ReceiptRenderer.render', '+byte[]']) assert.ok(coloured.has(label), label);
  });

  it('colours only application frames that changed by the rule of the comparison', () => {
    for (const fault of ['slow', 'burn', 'lock', 'pool', 'io', 'alloc'])
      for (const event of ['cpu', 'wall', 'alloc', 'lock'] as const) {
        const { comparison, tree, difference } = picture('faults/baseline', `faults/${fault}`, event);
        const { grew, shrank } = comparison.changedFrames;
        for (let node = 1; node < tree.size; node += 1) {
          const frame = tree.frames[tree.frame[node]!]!;
          const verdict = difference.verdict(node);
          if (verdict === 'same' || frame.kind !== 'application') continue;
          const names = verdict === 'grew' ? grew : shrank;
          // The class of a lock or an object is its leaf.
          if (event === 'lock' && tree.childStart[node] === tree.childStart[node + 1]) continue;
          assert.ok(names.includes(frame.name), `${fault}, ${event}: ${frame.name} ${verdict}`);
        }
        for (const row of comparison.changed.filter(({ significant }) => significant))
          assert.ok((row.deltaShare > 0 ? grew : shrank).includes(row.frame), row.frame);
      }
  });
});
