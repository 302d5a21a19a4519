import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { selfOf, type CallTree } from '../../../src/flamegraph/call-tree.ts';
import { layOut } from '../../../src/flamegraph/layout.ts';
import { pathHashes } from '../../../src/flamegraph/node-path.ts';
import { profileTree } from '../../../src/flamegraph/profile-tree.ts';
import { readingOf } from '../../../src/flamegraph/reading.ts';
import { sandwich } from '../../../src/flamegraph/sandwich.ts';
import { timeStrip } from '../../../src/flamegraph/time-strip.ts';
import type { Profile, ProfileEvent } from '../../../src/profile/profile.ts';
import { profileOf, type Line } from '../../given/profile.ts';
import { slowShop } from '../../given/shop-profile.ts';

const plain = { foldFramework: false, threads: false };

function treeOf(profile: Profile, event: ProfileEvent, options = plain): CallTree {
  return profileTree(readingOf(profile, ['com.acme']), event, options);
}

function nodeNamed(tree: CallTree, label: string): number {
  for (let node = 0; node < tree.size; node += 1)
    if (tree.frames[tree.frame[node]!]!.label === label) return node;
  return assert.fail(`no box says ${label}`);
}

const anyLines: fc.Arbitrary<Line[]> = fc.array(
  fc.record({
    stack: fc
      .array(
        fc.constantFrom('com/acme/A.a', 'com/acme/B.b', 'org/h2/C.c', 'java/lang/D.d', 'e_[k]', 'f_[n]'),
        {
          minLength: 1,
          maxLength: 8,
        },
      )
      .map((frames) => frames.join(';')),
    count: fc.integer({ min: 1, max: 1000 }),
    thread: fc.constantFrom('http-1', 'http-2', 'main'),
  }),
  { minLength: 1, maxLength: 40 },
);

describe('the call tree of a picture', () => {
  it('holds every sample once, whatever is folded or grouped', () => {
    fc.assert(
      fc.property(anyLines, fc.boolean(), fc.boolean(), (lines, foldFramework, threads) => {
        const tree = treeOf(profileOf(lines), 'cpu', { foldFramework, threads });
        const sum = lines.reduce((total, { count }) => total + count, 0);
        let selves = 0;
        for (let node = 0; node < tree.size; node += 1) {
          assert.ok(selfOf(tree, node) >= 0);
          selves += selfOf(tree, node);
        }
        assert.equal(tree.total[0], sum);
        assert.equal(selves, sum);
      }),
    );
  });

  it('keeps children inside their callers, side by side, and every row within the width', () => {
    fc.assert(
      fc.property(anyLines, (lines) => {
        const tree = treeOf(profileOf(lines), 'cpu', { foldFramework: false, threads: true });
        const layout = layOut(tree, { width: 1200, minimumWidth: 0, zoom: 0 });
        assert.equal(layout.count, tree.size);
        const boxOf = new Map(Array.from(layout.node, (node, box) => [node, box]));
        const right: number[] = [];
        for (let box = 0; box < layout.count; box += 1) {
          const above = boxOf.get(tree.parent[layout.node[box]!]!)!;
          const end = layout.x[box]! + layout.width[box]!;
          assert.ok(layout.x[box]! >= layout.x[above]! - 1e-6);
          assert.ok(end <= layout.x[above]! + layout.width[above]! + 1e-6);
          assert.ok(layout.x[box]! >= (right[layout.row[box]!] ?? 0) - 1e-6);
          right[layout.row[box]!] = end;
        }
      }),
    );
  });

  it('counts stacks below the smallest share for their callers, and leaves the rest unchanged', () => {
    const reading = readingOf(slowShop(), []);
    const whole = profileTree(reading, 'cpu', { ...plain });
    const pruned = profileTree(reading, 'cpu', { ...plain, leastShare: 0.1 });
    assert.equal(pruned.total[0], whole.total[0]);
    assert.ok(pruned.size < whole.size);
    assert.equal(
      pruned.total[nodeNamed(pruned, 'RuleSet.scan')],
      whole.total[nodeNamed(whole, 'RuleSet.scan')],
    );
  });

  it('shows a method once, whether it was interpreted, compiled or inlined', () => {
    const tree = treeOf(
      profileOf([
        { stack: 'com/acme/A.a', count: 3 },
        { stack: 'com/acme/A.a_[i]', count: 4 },
      ]),
      'cpu',
    );
    assert.equal(tree.size, 2);
    assert.equal(tree.total[1], 7);
  });

  it('gives generated classes the same name in every run', () => {
    const one = treeOf(
      profileOf([{ stack: 'com/acme/A$$Lambda$5.0x00007f4420003a20.run', count: 1 }]),
      'cpu',
    );
    const two = treeOf(
      profileOf([{ stack: 'com/acme/A$$Lambda$9.0x00007f9920ff3a20.run', count: 1 }]),
      'cpu',
    );
    assert.deepEqual(pathHashes(one), pathHashes(two));
  });

  it('folds the server above the application into one box and keeps what the application calls', () => {
    const tree = treeOf(slowShop(), 'wall', { foldFramework: true, threads: false });
    assert.equal(tree.depth[nodeNamed(tree, 'CheckoutController.checkout')], 2);
    const pool = nodeNamed(tree, 'HikariPool.getConnection');
    assert.equal(tree.frames[tree.frame[tree.parent[pool]!]!]!.label, 'HikariDataSource.getConnection');
  });

  it('leaves idle pool threads out of the shares and draws them narrow', () => {
    const tree = treeOf(slowShop(), 'wall');
    assert.equal(tree.total[0], 2990);
    assert.equal(tree.total[tree.idle], 24_000);
    const layout = layOut(tree, { width: 1000, minimumWidth: 0, zoom: 0 });
    const idle = layout.node.indexOf(tree.idle);
    assert.ok(layout.width[idle]! <= 40);
    assert.ok(layout.width[layout.node.indexOf(nodeNamed(tree, 'HikariPool.getConnection'))]! > 500);
  });

  it('fills the width with the zoomed frame, its callers above it', () => {
    const tree = treeOf(slowShop(), 'cpu');
    const zoom = nodeNamed(tree, 'RuleSet.scan');
    const layout = layOut(tree, { width: 1000, minimumWidth: 0, zoom });
    assert.equal(layout.width[layout.node.indexOf(zoom)], 1000);
    assert.deepEqual([...layout.node].slice(0, 3), [
      0,
      tree.parent[nodeNamed(tree, 'ThreadPoolExecutor.runWorker')],
      nodeNamed(tree, 'ThreadPoolExecutor.runWorker'),
    ]);
  });
});

describe('callers and callees of a frame', () => {
  it('count a frame that calls itself once', () => {
    const tree = treeOf(
      profileOf([
        { stack: 'com/acme/A.a;com/acme/R.r;com/acme/R.r;com/acme/R.r;com/acme/B.b', count: 10 },
        { stack: 'com/acme/C.c;com/acme/R.r', count: 5 },
      ]),
      'cpu',
    );
    const { callers, callees } = sandwich(tree, tree.frame[nodeNamed(tree, 'R.r')]!);
    assert.equal(callers.total[0], 15);
    assert.equal(callees.total[0], 15);
    assert.equal(callers.total[nodeNamed(callers, 'A.a')], 10);
    assert.equal(callees.total[nodeNamed(callees, 'B.b')], 10);
    assert.equal(selfOf(callees, 0), 5);
  });
});

describe('the time strip', () => {
  it('shows in which half seconds a frame was seen, and only that frame', () => {
    const reading = readingOf(slowShop(), []);
    const frames = Uint8Array.from(reading.profile.frames.name, (name) =>
      name.endsWith('RuleSet.scan') ? 1 : 0,
    );
    const strip = timeStrip(reading, 'cpu', frames);
    assert.equal(strip.samples, 630);
    assert.equal(strip.slots.length, 60);
    assert.equal(
      strip.slots.slice(0, 10).some((weight) => weight > 0),
      false,
    );
    assert.equal(timeStrip(reading, 'wall', null).samples, 2990);
  });
});
