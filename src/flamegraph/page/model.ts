import type { CallTree } from '../call-tree.ts';
import { differenceOf, type Difference } from '../difference.ts';
import { pathHashes } from '../node-path.ts';
import { profileTree } from '../profile-tree.ts';
import { readingOf, type Reading } from '../reading.ts';
import { isCode, sandwich, widestCodeNode, type Sandwich } from '../sandwich.ts';
import { timeStrip, type TimeStrip } from '../time-strip.ts';
import type { ChangedNames } from '../../profile/comparison/comparison.ts';
import type { Profile, ProfileEvent } from '../../profile/profile.ts';
import type { Box } from './scene.ts';

/** Up to this many stacks a tree of everything takes a tenth of a second. */
const smallProfile = 200_000;
/**
 * Narrower boxes are not drawn (`minimumWidth` in scene.ts) in a picture up to 3,840 pixels wide. A large profile's
 * first tree leaves such stacks to their callers, or opening it would take seconds.
 */
const leastShareOfWhole = 0.3 / 3840;
/** Zoomed to less than this share of the whole, on a screen of 1,920 pixels, what the first tree left out would be seen. */
const coarseZoom = 1 / 2;

/** What changed against the baseline, by event. */
export type ChangedByEvent = Partial<Record<ProfileEvent, ChangedNames>>;

/** The profile, its baseline, and the trees that were made of them: each is made once. */
export class Model {
  readonly reading: Reading;
  readonly #packages: readonly string[];
  readonly #changed: ChangedByEvent;
  readonly #trees = new Map<string, CallTree>();
  readonly #hashes = new Map<CallTree, Uint32Array>();
  readonly #differences = new Map<CallTree, Difference>();
  #sandwich: { key: string; trees: Sandwich } | null = null;
  #base: Reading | null = null;

  constructor(profile: Profile, packages: readonly string[], changed: ChangedByEvent) {
    this.reading = readingOf(profile, packages);
    this.#packages = packages;
    this.#changed = changed;
  }

  /** Whether the baseline is there, and was compared in this event. */
  canCompare(event: ProfileEvent): boolean {
    return this.#base !== null && this.#changed[event] !== undefined;
  }

  setBase(profile: Profile): void {
    this.#base = readingOf(profile, this.#packages);
  }

  /** What a picture of the whole needs; everything, once that was made. */
  tree(event: ProfileEvent, fold: boolean): CallTree {
    const whole = this.#trees.get(keyOf('now', event, fold, true));
    return whole ?? this.#made('now', this.reading, event, fold, this.#isSmall);
  }

  /** Every stack, however small. A second for 100,000 stacks. */
  wholeTree(event: ProfileEvent, fold: boolean): CallTree {
    return this.#made('now', this.reading, event, fold, true);
  }

  /** Whether a zoom to `node` would show what the tree leaves out. */
  isCoarse(tree: CallTree, node: number): boolean {
    return !this.#isSmall && !this.#isWhole(tree) && tree.total[node]! < tree.total[0]! * coarseZoom;
  }

  /**
   * Callers and callees of a frame by its full name; of the one that a reader would look at first where there is no
   * such frame.
   */
  sandwich(event: ProfileEvent, name: string): Sandwich {
    const key = `${event} ${name}`;
    if (this.#sandwich?.key !== key) {
      const tree = this.wholeTree(event, false);
      const wanted =
        name === '' ? -1 : tree.frames.findIndex((frame) => frame.name === name && isCode(frame.kind));
      const at = wanted >= 0 ? wanted : tree.frame[widestCodeNode(tree)]!;
      this.#sandwich = { key, trees: sandwich(tree, at) };
    }
    return this.#sandwich.trees;
  }

  /** A tree of this event against the baseline; null where `canCompare` says no. */
  difference(tree: CallTree, event: ProfileEvent, fold: boolean): Difference | null {
    const changed = this.#changed[event];
    if (this.#base === null || changed === undefined) return null;
    let made = this.#differences.get(tree);
    if (made === undefined) {
      const base = this.#made('base', this.#base, event, fold, true);
      made = differenceOf(tree, base, event, changed);
      this.#differences.set(tree, made);
    }
    return made;
  }

  /** The node that a link means, with its tree; the root where no such path is in the profile. */
  zoomed(event: ProfileEvent, fold: boolean, hash: string): { tree: CallTree; node: number } {
    const tree = this.tree(event, fold);
    const node = this.#nodeOf(tree, hash);
    if (node >= 0 || this.#isSmall) return { tree, node: Math.max(0, node) };
    const whole = this.wholeTree(event, fold);
    return { tree: whole, node: Math.max(0, this.#nodeOf(whole, hash)) };
  }

  hashOf(tree: CallTree, node: number): string {
    return node === 0 ? '' : this.#hashesOf(tree)[node]!.toString(16);
  }

  /** An event over time: all of it, or where a frame of these names is in the stack. */
  strip(event: ProfileEvent, names: ReadonlySet<string> | null): TimeStrip {
    if (names === null) return timeStrip(this.reading, event, null);
    const { frames, of } = this.reading.named;
    const within = Uint8Array.from(of, (index) => (names.has(frames[index]!.name) ? 1 : 0));
    return timeStrip(this.reading, event, within);
  }

  get #isSmall(): boolean {
    return this.reading.profile.stacks.parent.length <= smallProfile;
  }

  #isWhole(tree: CallTree): boolean {
    return [...this.#trees].some(([key, made]) => made === tree && key.endsWith(' whole'));
  }

  #nodeOf(tree: CallTree, hash: string): number {
    return hash === '' ? 0 : this.#hashesOf(tree).indexOf(Number.parseInt(hash, 16));
  }

  #hashesOf(tree: CallTree): Uint32Array {
    let hashes = this.#hashes.get(tree);
    if (hashes === undefined) {
      hashes = pathHashes(tree);
      this.#hashes.set(tree, hashes);
    }
    return hashes;
  }

  #made(whose: string, reading: Reading, event: ProfileEvent, fold: boolean, whole: boolean): CallTree {
    const key = keyOf(whose, event, fold, whole);
    let tree = this.#trees.get(key);
    if (tree === undefined) {
      const leastShare = whole ? 0 : leastShareOfWhole;
      tree = profileTree(reading, event, { foldFramework: fold, threads: true, leastShare });
      this.#trees.set(key, tree);
    }
    return tree;
  }
}

function keyOf(whose: string, event: ProfileEvent, fold: boolean, whole: boolean): string {
  return `${whose} ${event} ${fold}${whole ? ' whole' : ''}`;
}

/** Names of the frames that a box stands for. */
export function namesOf(tree: CallTree, node: number): string[] {
  const held = tree.folded.get(node);
  return held === undefined
    ? [tree.frames[tree.frame[node]!]!.name]
    : [...held].map((index) => tree.frames[index]!.name);
}

/** Same frame, same place: for keeping a selection when the picture is laid out anew. */
export function sameBox(a: Box, b: Box): boolean {
  return a.layer === b.layer && a.node === b.node;
}
