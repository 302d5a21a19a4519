import { printableName } from '../profile/frame.ts';
import type { ChangedNames } from '../profile/comparison/comparison.ts';
import type { ProfileEvent } from '../profile/profile.ts';
import { endsInClass } from '../profile/sampling.ts';
import type { CallTree } from './call-tree.ts';
import type { Way } from './palette.ts';

/** A tree compared with a baseline's tree, path by path. Shares are of each tree's whole, idle threads left out. */
export interface Difference {
  baseSamples: number;
  baseShare(node: number): number;
  /** Share now minus share then. */
  delta(node: number): number;
  verdict(node: number): Way;
  /** What shrank and is in the baseline alone, largest first, each path once. */
  vanished: { name: string; share: number }[];
}

/** Smaller changes are never coloured: 2 percentage points, the comparison's least effect. */
const leastEffect = 0.02;
const leastVanished = 0.01;
const verdictOfWay: Record<number, Way> = { 1: 'grew', 0: 'same', [-1]: 'shrank' };

/**
 * The picture of a comparison. A box is coloured where its frame changed by the comparison's own rule (share and
 * rate, beyond noise) and its path moved that way, with what leads to it: the picture says what the sentence says.
 * @param changed frames of the comparison of the same two profiles and event.
 */
export function differenceOf(
  current: CallTree,
  base: CallTree,
  event: ProfileEvent,
  changed: ChangedNames,
): Difference {
  const { counterpart, met } = match(current, base);
  const whole = current.total[0]!;
  const baseWhole = base.total[0]!;
  const baseShare = (node: number): number => {
    const there = counterpart[node]!;
    return there < 0 || baseWhole === 0 ? 0 : base.total[there]! / baseWhole;
  };
  const delta = (node: number): number => (whole > 0 ? current.total[node]! / whole : 0) - baseShare(node);
  const ways = coloursOf(current, delta, changed, endsInClass(event));
  return {
    baseSamples: base.samples[0]!,
    baseShare,
    delta,
    verdict: (node) => verdictOfWay[ways[node]!]!,
    vanished: vanishedFrom(base, met, baseWhole, new Set(changed.shrank)),
  };
}

/** Which node of the baseline's tree has the same path, or -1; and which of those were met (1). */
function match(current: CallTree, base: CallTree): { counterpart: Int32Array; met: Uint8Array } {
  const counterpart = new Int32Array(current.size).fill(-1);
  const met = new Uint8Array(base.size);
  counterpart[0] = 0;
  met[0] = 1;
  for (let node = 0; node < current.size; node += 1) {
    const there = counterpart[node]!;
    if (there < 0) continue;
    const children = new Map<string, number>();
    for (let at = base.childStart[there]!; at < base.childStart[there + 1]!; at += 1) {
      const child = base.children[at]!;
      children.set(keyOf(base, child), child);
    }
    for (let at = current.childStart[node]!; at < current.childStart[node + 1]!; at += 1) {
      const child = current.children[at]!;
      const found = children.get(keyOf(current, child));
      if (found === undefined) continue;
      counterpart[child] = found;
      met[found] = 1;
    }
  }
  return { counterpart, met };
}

/** Folded runs match whatever they hold: their place says what they are. */
function keyOf(tree: CallTree, node: number): string {
  const frame = tree.frames[tree.frame[node]!]!;
  return frame.kind === 'folded' ? 'folded' : `${frame.kind} ${frame.name}`;
}

/**
 * For each node 1 (grew), −1 (shrank) or 0. What is not the application's own (threads, server, JDK) is in other
 * stacks, too, and takes its colour also from what it leads to here; a class from the code that allocates or locks it.
 */
function coloursOf(
  tree: CallTree,
  delta: (node: number) => number,
  changed: ChangedNames,
  leavesAreClasses: boolean,
): Int8Array {
  const grew = new Set(changed.grew);
  const shrank = new Set(changed.shrank);
  const judged = tree.frames.map(({ name }): number => {
    const written = printableName(name);
    return grew.has(written) ? 1 : shrank.has(written) ? -1 : 0;
  });
  const ways = new Int8Array(tree.size);
  /** Bit 1: the node or something below it grew; bit 2: shrank. */
  const below = new Uint8Array(tree.size);
  const bitOf = (way: number): number => (way > 0 ? 1 : 2);
  const moved = (node: number): number => {
    const change = delta(node);
    return Math.abs(change) < leastEffect ? 0 : Math.sign(change);
  };
  // A child's number is greater than its caller's.
  for (let node = tree.size - 1; node > 0; node -= 1) {
    const way = moved(node);
    const frame = tree.frame[node]!;
    const stands = tree.folded.get(node) ?? [frame];
    const leads = tree.frames[frame]!.kind !== 'application' && (below[node]! & bitOf(way)) !== 0;
    if (way !== 0 && (leads || [...stands].some((one) => judged[one] === way))) {
      ways[node] = way;
      below[node]! |= bitOf(way);
    }
    below[tree.parent[node]!]! |= below[node]!;
  }
  if (!leavesAreClasses) return ways;
  for (let node = 1; node < tree.size; node += 1) {
    const isLeaf = tree.childStart[node] === tree.childStart[node + 1];
    const way = ways[tree.parent[node]!]!;
    if (isLeaf && ways[node] === 0 && way !== 0 && moved(node) === way) ways[node] = way;
  }
  return ways;
}

function vanishedFrom(
  base: CallTree,
  met: Uint8Array,
  whole: number,
  shrank: ReadonlySet<string>,
): { name: string; share: number }[] {
  const gone: { name: string; share: number }[] = [];
  /** Nodes (1) that are listed, or within one that is. */
  const listed = new Uint8Array(base.size);
  for (let node = 1; node < base.size; node += 1) {
    listed[node] = listed[base.parent[node]!]!;
    if (met[node] === 1 || listed[node] === 1 || node === base.idle || whole === 0) continue;
    const { name } = base.frames[base.frame[node]!]!;
    const share = base.total[node]! / whole;
    if (share < leastVanished || !shrank.has(printableName(name))) continue;
    listed[node] = 1;
    gone.push({ name, share });
  }
  return gone.sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1));
}
