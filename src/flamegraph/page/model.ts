import type { CallTree } from '../call-tree.ts';
import { differenceOf, type Difference } from '../difference.ts';
import { invertTree } from '../invert-tree.ts';
import { methodsOf, type Method } from '../methods.ts';
import { pathHashes } from '../node-path.ts';
import { profileTree } from '../profile-tree.ts';
import { readingOf, type Reading } from '../reading.ts';
import { isCode, sandwich, widestCodeNode, type Sandwich } from '../sandwich.ts';
import { rowsLeftOut, threadGroups, type Selection, type ThreadGroup } from '../selection.ts';
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

/** What a tree is made of: an event, how it is folded, and the samples that count. */
export interface Look extends Selection {
  event: ProfileEvent;
  fold: boolean;
  merge: boolean;
}

/** Trees that are kept at once: each may take tens of megabytes. */
const mostTrees = 12;

/** The profile, its baseline, and the trees that were made of them. */
export class Model {
  readonly reading: Reading;
  readonly #packages: readonly string[];
  readonly #changed: ChangedByEvent;
  readonly #trees = new Map<string, CallTree>();
  readonly #wholes = new WeakSet<CallTree>();
  readonly #inverted = new WeakMap<CallTree, CallTree>();
  readonly #hashes = new WeakMap<CallTree, Uint32Array>();
  readonly #differences = new WeakMap<CallTree, Difference>();
  readonly #methods = new WeakMap<CallTree, Method[]>();
  readonly #threads = new Map<ProfileEvent, ThreadGroup[]>();
  #sandwich: { tree: CallTree; name: string; trees: Sandwich } | null = null;
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
  tree(look: Look): CallTree {
    const whole = this.#trees.get(keyOf('now', look, true));
    return whole ?? this.#made('now', this.reading, look, this.#isSmall);
  }

  /** Every stack, however small. A second for 100,000 stacks. */
  wholeTree(look: Look): CallTree {
    return this.#made('now', this.reading, look, true);
  }

  /** The same from the inside out: what runs itself, and below it who calls it. */
  invertedTree(look: Look): CallTree {
    const tree = this.tree({ ...look, fold: false });
    let made = this.#inverted.get(tree);
    if (made === undefined) {
      made = invertTree(tree);
      this.#inverted.set(tree, made);
    }
    return made;
  }

  methods(tree: CallTree): readonly Method[] {
    let made = this.#methods.get(tree);
    if (made === undefined) {
      made = methodsOf(tree);
      this.#methods.set(tree, made);
    }
    return made;
  }

  /** Of the whole event, whatever is selected. */
  threads(event: ProfileEvent): readonly ThreadGroup[] {
    let made = this.#threads.get(event);
    if (made === undefined) {
      made = threadGroups(this.reading, event);
      this.#threads.set(event, made);
    }
    return made;
  }

  /** Whether a zoom to `node` would show what the tree leaves out. */
  isCoarse(tree: CallTree, node: number): boolean {
    return !this.#isSmall && !this.#wholes.has(tree) && tree.total[node]! < tree.total[0]! * coarseZoom;
  }

  /**
   * Callers and callees of a frame by its full name; of the one that a reader would look at first where there is no
   * such frame.
   */
  sandwich(look: Look, name: string): Sandwich {
    const tree = this.wholeTree({ ...look, fold: false });
    if (this.#sandwich?.tree !== tree || this.#sandwich.name !== name) {
      const wanted =
        name === '' ? -1 : tree.frames.findIndex((frame) => frame.name === name && isCode(frame.kind));
      const at = wanted >= 0 ? wanted : tree.frame[widestCodeNode(tree)]!;
      this.#sandwich = { tree, name, trees: sandwich(tree, at) };
    }
    return this.#sandwich.trees;
  }

  /** A tree of this look against the baseline's whole window; null where `canCompare` says no. */
  difference(tree: CallTree, look: Look): Difference | null {
    const changed = this.#changed[look.event];
    if (this.#base === null || changed === undefined) return null;
    let made = this.#differences.get(tree);
    if (made === undefined) {
      const base = this.#made('base', this.#base, { ...look, slots: null }, true);
      made = differenceOf(tree, base, look.event, changed);
      this.#differences.set(tree, made);
    }
    return made;
  }

  /** The node that a link means, with its tree; the root where no such path is in the profile. */
  zoomed(look: Look, hash: string): { tree: CallTree; node: number } {
    const tree = this.tree(look);
    const node = this.nodeOf(tree, hash);
    if (node >= 0 || this.#isSmall) return { tree, node: Math.max(0, node) };
    const whole = this.wholeTree(look);
    return { tree: whole, node: Math.max(0, this.nodeOf(whole, hash)) };
  }

  hashOf(tree: CallTree, node: number): string {
    return node === 0 ? '' : this.#hashesOf(tree)[node]!.toString(16);
  }

  /** The node with this path; -1 where there is none. */
  nodeOf(tree: CallTree, hash: string): number {
    return hash === '' ? 0 : this.#hashesOf(tree).indexOf(Number.parseInt(hash, 16));
  }

  /** An event over time: all of it, or where a frame of these names is in the stack. The chosen time does not cut it. */
  strip(look: Look, names: ReadonlySet<string> | null): TimeStrip {
    const leftOut = rowsLeftOut(this.reading, look.event, { ...look, slots: null });
    return timeStrip(this.reading, look.event, this.#framesOf(names), leftOut);
  }

  /** Share of what is looked at in whose stack a frame of these names is; 0 to 1, null where nothing is looked at. */
  shareOf(look: Look, names: ReadonlySet<string>): number | null {
    const leftOut = rowsLeftOut(this.reading, look.event, look);
    const { weight } = timeStrip(this.reading, look.event, null, leftOut);
    if (weight === 0) return null;
    return timeStrip(this.reading, look.event, this.#framesOf(names), leftOut).weight / weight;
  }

  #framesOf(names: ReadonlySet<string> | null): Uint8Array | null {
    const { frames, of } = this.reading.named;
    return names && Uint8Array.from(of, (index) => (names.has(frames[index]!.name) ? 1 : 0));
  }

  get #isSmall(): boolean {
    return this.reading.profile.stacks.parent.length <= smallProfile;
  }

  #hashesOf(tree: CallTree): Uint32Array {
    let hashes = this.#hashes.get(tree);
    if (hashes === undefined) {
      hashes = pathHashes(tree);
      this.#hashes.set(tree, hashes);
    }
    return hashes;
  }

  #made(whose: string, reading: Reading, look: Look, whole: boolean): CallTree {
    const key = keyOf(whose, look, whole);
    let tree = this.#trees.get(key);
    if (tree !== undefined) return tree;
    tree = profileTree(reading, look.event, {
      foldFramework: look.fold,
      threads: true,
      leastShare: whole ? 0 : leastShareOfWhole,
      mergeRecursion: look.merge,
      leftOut: rowsLeftOut(reading, look.event, look),
    });
    if (whole) this.#wholes.add(tree);
    this.#trees.set(key, tree);
    const [oldest] = this.#trees.keys();
    if (this.#trees.size > mostTrees && oldest !== undefined) this.#trees.delete(oldest);
    return tree;
  }
}

function keyOf(whose: string, look: Look, whole: boolean): string {
  const { event, fold, merge, removed, focus, thread, slots } = look;
  return JSON.stringify([whose, whole, event, fold, merge, removed, focus, thread, slots]);
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
