import { selfOf, type CallTree } from '../call-tree.ts';
import type { Difference } from '../difference.ts';
import { visibleName } from '../escape.ts';
import { fittedName } from '../fitted-name.ts';
import { changePaint, kindPaint, packageOf, packagePaint, type Paint, type Theme } from '../palette.ts';
import type { PictureFrame } from '../picture-frame.ts';
import { isCode } from '../sandwich.ts';
import type { Shown } from './address.ts';
import { frameWords, type FrameWords } from './frame-words.ts';
import type { Model } from './model.ts';
import { icicleScene, sandwichScene, type Box, type Scene } from './scene.ts';

/** Packages in the key. */
const packagesNamed = 12;

/** The picture of one state: its trees, and how their boxes are drawn and what is said of them. */
export class Picture {
  /** The icicle's tree, or the callees of the sandwich's frame. */
  readonly tree: CallTree;
  /** The node that fills the width. */
  readonly zoomed: number;
  /** Against the baseline, where that is what is shown. */
  readonly difference: Difference | null;
  readonly #callers: CallTree | null;
  readonly #shown: Shown;
  /** The weight that is 100 %. */
  readonly #whole: number;

  constructor(model: Model, shown: Shown) {
    this.#shown = shown;
    this.#whole = model.tree(shown).total[0]!;
    if (shown.view === 'sandwich') {
      const { callees, callers } = model.sandwich(shown, shown.frame);
      this.tree = callees;
      this.zoomed = 0;
      this.difference = null;
      this.#callers = callers;
    } else if (shown.view === 'inverted') {
      this.tree = model.invertedTree(shown);
      this.zoomed = Math.max(0, model.nodeOf(this.tree, shown.zoom));
      this.difference = null;
      this.#callers = null;
    } else {
      const { tree, node } = model.zoomed(shown, shown.zoom);
      this.tree = tree;
      this.zoomed = node;
      this.difference = shown.difference ? model.difference(tree, shown) : null;
      this.#callers = null;
    }
  }

  scene(width: number): Scene {
    return this.#callers === null
      ? icicleScene(this.tree, width, this.zoomed)
      : sandwichScene({ callers: this.#callers, callees: this.tree }, width);
  }

  treeOf({ layer }: Box): CallTree {
    return layer === 0 || this.#callers === null ? this.tree : this.#callers;
  }

  frameOf(box: Box): PictureFrame {
    const tree = this.treeOf(box);
    return tree.frames[tree.frame[box.node]!]!;
  }

  /** The frame between its callers and callees. */
  isMiddle({ layer, node }: Box): boolean {
    return this.#callers !== null && layer === 0 && node === 0;
  }

  /** Its name; '' in an icicle. */
  get middleName(): string {
    return this.#callers === null ? '' : visibleName(this.tree.frames[this.tree.frame[0]!]!.name);
  }

  words(box: Box): FrameWords {
    return frameWords(this.#shown.event, this.treeOf(box), box.node, this.#whole, this.difference);
  }

  paint(box: Box, theme: Theme): Paint {
    const { kind, name } = this.frameOf(box);
    if (this.difference === null || kind === 'idle') {
      const owner = this.#shown.colour === 'package' && isCode(kind) ? packageOf(name) : '';
      return owner === '' ? kindPaint(kind, theme) : packagePaint(owner, theme);
    }
    return changePaint(this.difference.verdict(box.node), this.difference.delta(box.node), theme);
  }

  /** Where boxes are coloured by package: the heaviest of them, by what runs in them itself; else null. */
  packages(): string[] | null {
    if (this.#shown.colour !== 'package' || this.difference !== null) return null;
    const weights = new Map<string, number>();
    const { tree } = this;
    for (let node = 1; node < tree.size; node += 1) {
      const { kind, name } = tree.frames[tree.frame[node]!]!;
      const owner = isCode(kind) ? packageOf(name) : '';
      if (owner !== '') weights.set(owner, (weights.get(owner) ?? 0) + selfOf(tree, node));
    }
    return [...weights]
      .sort(([, a], [, b]) => b - a)
      .slice(0, packagesNamed)
      .map(([owner]) => owner);
  }

  /** In so many characters; what changed stands before the name, and is never what is cut. */
  label(box: Box, room: number): string {
    const { label } = this.frameOf(box);
    if (this.difference === null || this.difference.verdict(box.node) === 'same')
      return fittedName(label, room);
    const delta = this.difference.delta(box.node);
    const change = `${delta > 0 ? '▲ +' : '▼ −'}${Math.abs(delta * 100).toFixed(1)} `;
    return change.length + 3 > room
      ? change.slice(0, room)
      : change + fittedName(label, room - change.length);
  }
}
