import type { CallTree } from '../call-tree.ts';
import type { Difference } from '../difference.ts';
import { visibleName } from '../escape.ts';
import { changePaint, kindPaint, type Paint, type Theme } from '../palette.ts';
import type { PictureFrame } from '../picture-frame.ts';
import type { Shown } from './address.ts';
import { frameWords, type FrameWords } from './frame-words.ts';
import type { Model } from './model.ts';
import { icicleScene, sandwichScene, type Box, type Scene } from './scene.ts';

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
    const { event, fold } = shown;
    this.#shown = shown;
    this.#whole = model.tree(event, fold).total[0]!;
    if (shown.view === 'sandwich') {
      const { callees, callers } = model.sandwich(event, shown.frame);
      this.tree = callees;
      this.zoomed = 0;
      this.difference = null;
      this.#callers = callers;
    } else {
      const { tree, node } = model.zoomed(event, fold, shown.zoom);
      this.tree = tree;
      this.zoomed = node;
      this.difference = shown.difference ? model.difference(tree, event, fold) : null;
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
    const { kind } = this.frameOf(box);
    if (this.difference === null || kind === 'idle') return kindPaint(kind, theme);
    return changePaint(this.difference.verdict(box.node), this.difference.delta(box.node), theme);
  }

  label(box: Box): string {
    const { label } = this.frameOf(box);
    if (this.difference === null || this.difference.verdict(box.node) === 'same') return label;
    const delta = this.difference.delta(box.node);
    return `${delta > 0 ? '▲ +' : '▼ −'}${Math.abs(delta * 100).toFixed(1)} ${label}`;
  }
}
