import { finishTree, type CallTree } from './call-tree.ts';
import type { PictureKind } from './picture-frame.ts';
import { TreeBuilder } from './tree-builder.ts';

/** Who calls a frame, and what it calls, over all its places. Both trees have the frame as root. */
export interface Sandwich {
  callers: CallTree;
  callees: CallTree;
}

/**
 * Callers and callees of one frame (index of `tree.frames`). Where it calls itself, only the outermost call counts:
 * else its samples would count several times. O(nodes + occurrences × depth).
 */
export function sandwich(tree: CallTree, frame: number): Sandwich {
  const callers = new TreeBuilder(frame);
  const callees = new TreeBuilder(frame);
  const below = new Int32Array(tree.size).fill(-1);
  for (let node = 1; node < tree.size; node += 1) {
    const above = below[tree.parent[node]!]!;
    const own = tree.frame[node]!;
    if (above >= 0) {
      below[node] = callees.child(above, own);
    } else if (own === frame) {
      below[node] = 0;
      let at = 0;
      for (let caller = tree.parent[node]!; caller !== 0; caller = tree.parent[caller]!)
        at = callers.child(at, tree.frame[caller]!);
      callers.add(at, tree.total[node]!, tree.samples[node]!);
    } else {
      continue;
    }
    callees.add(below[node]!, tree.total[node]!, tree.samples[node]!);
    // The parent's total holds this node's already: what ends in the parent is the rest.
    if (above >= 0) callees.add(above, -tree.total[node]!, -tree.samples[node]!);
  }
  return {
    callers: finishTree(callers, tree.frames, new Map(), -1),
    callees: finishTree(callees, tree.frames, new Map(), -1),
  };
}

/** Whether a box stands for one frame of code, which has callers and callees. */
export function isCode(kind: PictureKind): boolean {
  return kind !== 'root' && kind !== 'threads' && kind !== 'folded' && kind !== 'idle';
}

/**
 * Where a reader would look first: the widest node of application code, else of any code, the innermost of equals;
 * 0 in an empty tree.
 */
export function widestCodeNode(tree: CallTree): number {
  return widestNode(tree, (kind) => kind === 'application') || widestNode(tree, (kind) => isCode(kind));
}

function widestNode(tree: CallTree, wanted: (kind: PictureKind) => boolean): number {
  let best = 0;
  for (let node = 1; node < tree.size; node += 1) {
    if (!wanted(tree.frames[tree.frame[node]!]!.kind)) continue;
    if (best === 0 || tree.total[node]! >= tree.total[best]!) best = node;
  }
  return best;
}
