import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { finishTree, type CallTree } from './call-tree.ts';
import type { PictureFrame, PictureFrames } from './picture-frame.ts';
import { idleName, type Reading } from './reading.ts';
import { threadGroup } from './thread-group.ts';
import { TreeBuilder } from './tree-builder.ts';
import { weighing } from './weight.ts';

export interface TreeOptions {
  /**
   * One box for each run of frames that are not application code but lead to it: twenty rows of server become one.
   * What application code calls stays as it is.
   */
  foldFramework: boolean;
  /** A first row of thread groups (`http-nio-8080-exec-*`). */
  threads: boolean;
  /**
   * Stacks below this share of the whole are not told apart: their weight counts for their nearest caller above
   * it. 0 keeps everything. A picture that drops narrow boxes needs no nodes for them: most of a large profile.
   */
  leastShare?: number;
  /** A method that calls itself, also by way of others, is one box: what it calls then stands below the outermost. */
  mergeRecursion?: boolean;
  /** Rows of the event's samples that are left out (1). */
  leftOut?: Uint8Array | null;
}

/** Calls between a method and itself that still count as recursion, at most. */
const longestCycle = 12;

/** A frame number that no profile has: the run that is folded. */
interface Grown {
  built: TreeBuilder;
  frames: PictureFrame[];
  folded: Map<number, Set<number>>;
}

/**
 * The call tree of one event. Wall: idle threads are one node beside the rest. A profile without the event gives
 * the root alone. O(stacks + samples × depth), less where samples share their callers.
 */
export function profileTree(reading: Reading, event: ProfileEvent, options: TreeOptions): CallTree {
  const frames = [...reading.named.frames];
  const grown: Grown = {
    built: new TreeBuilder(frames.push({ name: 'all', label: 'all', kind: 'root' }) - 1),
    frames,
    folded: new Map(),
  };
  const idleNode = grow(reading, event, options, grown);
  return finishTree(grown.built, nameFolds(grown), grown.folded, idleNode);
}

function grow(
  reading: Reading,
  event: ProfileEvent,
  options: TreeOptions,
  { built, frames, folded }: Grown,
): number {
  const { profile, named } = reading;
  const samples = profile.events[event]?.samples;
  if (samples === undefined) return -1;
  const { parent, frame } = profile.stacks;
  const weights = samples[weighing(event)];
  const idle = reading.idleRows(event);
  const foldable = options.foldFramework ? leadsToApplication(profile, named) : null;
  const foldFrame = frames.push({ name: 'framework', label: 'framework', kind: 'folded' }) - 1;
  const nodeOf = new Int32Array(parent.length);
  const seenBy = new Int32Array(parent.length).fill(-1);
  const leftOut = options.leftOut ?? null;
  const isCounted = (row: number): boolean => idle?.[row] !== 1 && leftOut?.[row] !== 1;
  const shownBy = callersShown(profile, samples.stack, weights, isCounted, options.leastShare ?? 0);
  let idleWeight = 0;
  let idleCount = 0;

  const place = (stack: number): number => {
    const above = nodeOf[parent[stack]!]!;
    if (foldable?.[stack] !== 1) {
      const own = named.of[frame[stack]!]!;
      const outermost = options.mergeRecursion === true ? sameAbove(built, above, own) : -1;
      return outermost >= 0 ? outermost : built.child(above, own);
    }
    const node = built.frame[above] === foldFrame ? above : built.child(above, foldFrame);
    const held = folded.get(node);
    if (held === undefined) folded.set(node, new Set([named.of[frame[stack]!]!]));
    else held.add(named.of[frame[stack]!]!);
    return node;
  };

  for (const [group, rows] of rowsByGroup(profile, samples.thread, options.threads).entries()) {
    let touched = 0;
    for (const row of rows.rows) {
      const stack = samples.stack[row]!;
      if (leftOut?.[row] === 1) continue;
      if (idle?.[row] === 1) {
        idleWeight += weights[row]!;
        idleCount += samples.count[row]!;
        continue;
      }
      for (let at = shownBy(stack); seenBy[at] !== group; at = parent[at]!) {
        seenBy[at] = group;
        touched += 1;
      }
    }
    if (touched === 0) continue;
    const top =
      rows.name === null
        ? 0
        : built.child(0, frames.push({ name: rows.name, label: rows.name, kind: 'threads' }) - 1);
    // Callers have smaller numbers, so in this order each stack's caller has its node already.
    for (let stack = 0; stack < parent.length && touched > 0; stack += 1) {
      if (seenBy[stack] !== group) continue;
      nodeOf[stack] = stack === 0 ? top : place(stack);
      touched -= 1;
    }
    for (const row of rows.rows) {
      const stack = samples.stack[row]!;
      if (isCounted(row)) built.add(nodeOf[shownBy(stack)]!, weights[row]!, samples.count[row]!);
    }
  }
  if (idleCount === 0) return -1;
  const node = built.child(0, frames.push({ name: idleName(event), label: 'idle', kind: 'idle' }) - 1);
  built.add(node, idleWeight, idleCount);
  return node;
}

/** The node of the same frame at or closely above `node`, the outermost of them; or -1. */
function sameAbove(built: TreeBuilder, node: number, frame: number): number {
  let found = -1;
  let at = node;
  for (let step = 0; at !== 0 && step < longestCycle; step += 1) {
    if (built.frame[at] === frame) found = at;
    at = built.parent[at]!;
  }
  return found;
}

/** Stack → itself, or its nearest caller that has at least `leastShare` of the whole. */
function callersShown(
  profile: Profile,
  stacks: readonly number[],
  weights: readonly number[],
  isCounted: (row: number) => boolean,
  leastShare: number,
): (stack: number) => number {
  if (leastShare <= 0) return (stack) => stack;
  const { parent } = profile.stacks;
  const total = new Float64Array(parent.length);
  for (let row = 0; row < stacks.length; row += 1) if (isCounted(row)) total[stacks[row]!]! += weights[row]!;
  for (let stack = total.length - 1; stack > 0; stack -= 1) total[parent[stack]!]! += total[stack]!;
  const least = total[0]! * leastShare;
  // Callers have smaller numbers, so each has its own already.
  const shown = new Int32Array(parent.length);
  for (let stack = 1; stack < shown.length; stack += 1)
    shown[stack] = total[stack]! < least ? shown[parent[stack]!]! : stack;
  return (stack) => shown[stack]!;
}

/** Stacks (1) that are not application code and from which application code is called, by the profile as a whole. */
function leadsToApplication(profile: Profile, named: PictureFrames): Uint8Array {
  const { parent, frame } = profile.stacks;
  const own = Uint8Array.from(named.of, (at) => (named.frames[at]!.kind === 'application' ? 1 : 0));
  const leads = new Uint8Array(parent.length);
  // While going up: whether something below the stack is application code; its callers have smaller numbers.
  for (let stack = parent.length - 1; stack > 0; stack -= 1) {
    const isOwn = own[frame[stack]!] === 1;
    if (isOwn || leads[stack] === 1) leads[parent[stack]!] = 1;
    if (isOwn) leads[stack] = 0;
  }
  return leads;
}

/** Rows of samples by thread group, in the groups' order of names; one nameless group without `threads`. */
function rowsByGroup(
  profile: Profile,
  thread: readonly number[],
  threads: boolean,
): { name: string | null; rows: readonly number[] }[] {
  if (!threads || profile.threads.length === 0) return [{ name: null, rows: thread.map((_, row) => row) }];
  const groupOf = profile.threads.map(threadGroup);
  const groups = new Map<string, number[]>();
  for (const [row, number] of thread.entries()) {
    const name = groupOf[number] ?? 'unknown thread';
    const rows = groups.get(name);
    if (rows === undefined) groups.set(name, [row]);
    else rows.push(row);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([name, rows]) => ({ name, rows }));
}

/** Gives each folded node a frame of its own that says what it holds, so that callers can show it like any other. */
function nameFolds({ built, frames, folded }: Grown): PictureFrame[] {
  for (const [node, held] of folded) {
    const names = [...held].map((index) => frames[index]!.label).sort();
    const label = held.size === 1 ? `⋯ ${names[0]!}` : `⋯ ${held.size} framework methods`;
    const name = held.size === 1 ? names[0]! : `${held.size} methods between application frames`;
    built.frame[node] = frames.push({ name, label, kind: 'folded' }) - 1;
  }
  return frames;
}
