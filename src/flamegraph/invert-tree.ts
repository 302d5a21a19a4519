import { finishTree, selfOf, type CallTree } from './call-tree.ts';
import { TreeBuilder } from './tree-builder.ts';

/**
 * The same samples from the inside out: below the root what runs itself, below that who calls it. What every path has
 * of its own is in exactly one place, so totals add up as in the tree itself. Idle threads are left out.
 * O(nodes with something of their own × depth).
 */
export function invertTree(tree: CallTree): CallTree {
  const built = new TreeBuilder(tree.frame[0]!);
  for (let node = 1; node < tree.size; node += 1) {
    if (node === tree.idle) continue;
    const self = selfOf(tree, node);
    if (self <= 0) continue;
    let at = 0;
    for (let caller = node; caller !== 0; caller = tree.parent[caller]!)
      at = built.child(at, tree.frame[caller]!);
    built.add(at, self, selfSamples(tree, node));
  }
  return finishTree(built, tree.frames, new Map(), -1);
}

function selfSamples(tree: CallTree, node: number): number {
  let self = tree.samples[node]!;
  for (let at = tree.childStart[node]!; at < tree.childStart[node + 1]!; at += 1)
    self -= tree.samples[tree.children[at]!]!;
  return self;
}
