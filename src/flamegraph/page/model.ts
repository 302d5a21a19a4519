import type { CallTree } from '../call-tree.ts';
import { differenceOf, type Difference } from '../difference.ts';
import { pathHashes } from '../node-path.ts';
import { profileTree } from '../profile-tree.ts';
import { readingOf, type Reading } from '../reading.ts';
import type { Profile, ProfileEvent } from '../../profile/profile.ts';
import type { Box } from './scene.ts';

/** The profile, its baseline, and the trees that were made of them: each is made once. */
export class Model {
  readonly reading: Reading;
  readonly #packages: readonly string[];
  readonly #judged: Readonly<Record<string, boolean>>;
  readonly #trees = new Map<string, CallTree>();
  readonly #hashes = new Map<CallTree, Uint32Array>();
  readonly #differences = new Map<CallTree, Difference>();
  #base: Reading | null = null;

  /** `judged`: the comparison's verdicts, `event frame` → changed. */
  constructor(profile: Profile, packages: readonly string[], judged: Readonly<Record<string, boolean>>) {
    this.reading = readingOf(profile, packages);
    this.#packages = packages;
    this.#judged = judged;
  }

  get hasBase(): boolean {
    return this.#base !== null;
  }

  setBase(profile: Profile): void {
    this.#base = readingOf(profile, this.#packages);
  }

  tree(event: ProfileEvent, fold: boolean): CallTree {
    return this.#made(`${event} ${fold}`, this.reading, event, fold);
  }

  /** Against the baseline; null while there is none. */
  difference(event: ProfileEvent, fold: boolean): Difference | null {
    if (this.#base === null) return null;
    const tree = this.tree(event, fold);
    let made = this.#differences.get(tree);
    if (made === undefined) {
      const base = this.#made(`base ${event} ${fold}`, this.#base, event, fold);
      made = differenceOf(tree, base, (name) => this.#judged[`${event} ${name}`]);
      this.#differences.set(tree, made);
    }
    return made;
  }

  /** The node that a link means; the root where this tree has no such path. */
  nodeOf(tree: CallTree, hash: string): number {
    if (hash === '') return 0;
    return Math.max(0, this.#hashesOf(tree).indexOf(Number.parseInt(hash, 16)));
  }

  hashOf(tree: CallTree, node: number): string {
    return node === 0 ? '' : this.#hashesOf(tree)[node]!.toString(16);
  }

  /** Frames of the profile (1) whose name is accepted. */
  framesNamed(accepted: (name: string) => boolean): Uint8Array {
    const { frames, of } = this.reading.named;
    const yes = frames.map(({ name }) => accepted(name));
    return Uint8Array.from(of, (index) => (yes[index] === true ? 1 : 0));
  }

  #hashesOf(tree: CallTree): Uint32Array {
    let hashes = this.#hashes.get(tree);
    if (hashes === undefined) {
      hashes = pathHashes(tree);
      this.#hashes.set(tree, hashes);
    }
    return hashes;
  }

  #made(key: string, reading: Reading, event: ProfileEvent, fold: boolean): CallTree {
    let tree = this.#trees.get(key);
    if (tree === undefined) {
      tree = profileTree(reading, event, { foldFramework: fold, threads: true });
      this.#trees.set(key, tree);
    }
    return tree;
  }
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
