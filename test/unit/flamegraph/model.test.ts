import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Model, type Look } from '../../../src/flamegraph/page/model.ts';
import { largeProfile } from '../../given/large-profile.ts';

describe('a profile so large that its first picture leaves out what is too small to see', () => {
  it('is still compared box by box after callers and callees were shown', () => {
    const profile = largeProfile(10_000);
    const model = new Model(profile, [], { cpu: { grew: [], shrank: [] } });
    // The baseline is the very same, so each box had the share that it has.
    model.setBase(profile);
    const look: Look = {
      event: 'cpu',
      fold: false,
      merge: false,
      removed: [],
      focus: '',
      thread: '',
      slots: null,
    };
    const { tree } = model.zoomed(look, '');
    assert.ok(model.wholeTree(look).size > tree.size);
    const difference = model.difference(tree, look)!;
    for (let node = 0; node < tree.size; node += 1) {
      const share = tree.total[node]! / tree.total[0]!;
      assert.ok(Math.abs(difference.baseShare(node) - share) < 0.001, `box ${node} is ${share}`);
    }
  });
});
