import type { TreeBuilder } from './tree-builder.ts';
import type { PictureFrame } from './picture-frame.ts';

/** A tree that is ready to be drawn: totals summed, children in their order. Node 0 is the root. */
export interface CallTree {
  size: number;
  /** A parent's number is smaller than its child's; the root is its own parent. */
  parent: Int32Array;
  /** Index of `frames`. */
  frame: Int32Array;
  depth: Uint16Array;
  /** Nanoseconds, bytes or samples (see `weighing`), callees included; the idle node is not in the root's. */
  total: Float64Array;
  /** Samples, callees included. */
  samples: Float64Array;
  /** Children of node n: `children[childStart[n]]` up to `children[childStart[n + 1] - 1]`. */
  childStart: Int32Array;
  children: Int32Array;
  frames: readonly PictureFrame[];
  /** Frames that a folded node stands for: node → indices of `frames`. */
  folded: ReadonlyMap<number, ReadonlySet<number>>;
  /** The node of idle threads, or -1. Its total is outside the root's, so that shares leave idle threads out. */
  idle: number;
}

/**
 * Sums a built tree, whose arrays it takes over, and orders its children by name: the same code has its place in
 * every picture, whatever its weight. O(nodes).
 */
export function finishTree(
  built: TreeBuilder,
  frames: readonly PictureFrame[],
  folded: ReadonlyMap<number, ReadonlySet<number>>,
  idle: number,
): CallTree {
  const { size } = built;
  const parent = built.parent.subarray(0, size);
  const frame = built.frame.subarray(0, size);
  const total = built.weight.subarray(0, size);
  const samples = built.samples.subarray(0, size);
  const depth = new Uint16Array(size);
  for (let node = size - 1; node > 0; node -= 1) {
    if (node === idle) continue;
    total[parent[node]!]! += total[node]!;
    samples[parent[node]!]! += samples[node]!;
  }
  for (let node = 1; node < size; node += 1) depth[node] = depth[parent[node]!]! + 1;
  const { childStart, children } = orderChildren(parent, frame, frames);
  return { size, parent, frame, depth, total, samples, childStart, children, frames, folded, idle };
}

/** What ends in the node itself. */
export function selfOf(tree: CallTree, node: number): number {
  let self = tree.total[node]!;
  for (let at = tree.childStart[node]!; at < tree.childStart[node + 1]!; at += 1) {
    const child = tree.children[at]!;
    if (child !== tree.idle) self -= tree.total[child]!;
  }
  return self;
}

/** Two counting sorts: by the rank of the name, then, stable, by parent. */
function orderChildren(
  parent: Int32Array,
  frame: Int32Array,
  frames: readonly PictureFrame[],
): { childStart: Int32Array; children: Int32Array } {
  const size = parent.length;
  const order = frames.map((_, index) => index);
  order.sort((a, b) => compareFrames(frames[a]!, frames[b]!));
  const rank = new Int32Array(frames.length);
  for (const [position, index] of order.entries()) rank[index] = position;

  const rankStart = new Int32Array(frames.length + 1);
  for (let node = 1; node < size; node += 1) rankStart[rank[frame[node]!]! + 1]! += 1;
  for (let at = 0; at < frames.length; at += 1) rankStart[at + 1]! += rankStart[at]!;
  const byRank = new Int32Array(Math.max(0, size - 1));
  for (let node = 1; node < size; node += 1) byRank[rankStart[rank[frame[node]!]!]!++] = node;

  const childStart = new Int32Array(size + 1);
  for (let node = 1; node < size; node += 1) childStart[parent[node]! + 1]! += 1;
  for (let at = 0; at < size; at += 1) childStart[at + 1]! += childStart[at]!;
  const next = childStart.slice();
  const children = new Int32Array(byRank.length);
  for (const node of byRank) children[next[parent[node]!]!++] = node;
  return { childStart, children };
}

/** By name, in code units and not by locale: bytes must not depend on the machine. Idle threads come last. */
function compareFrames(a: PictureFrame, b: PictureFrame): number {
  if ((a.kind === 'idle') !== (b.kind === 'idle')) return a.kind === 'idle' ? 1 : -1;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0;
}
