import { changePaint, kindPaint, type Paint, type Theme } from '../palette.ts';
import { visibleName } from '../escape.ts';
import { rateText } from '../figures.ts';
import { exactQuery } from '../search.ts';
import { isCode, type Sandwich } from '../sandwich.ts';
import { ratePerSecond } from '../time-strip.ts';
import type { CallTree } from '../call-tree.ts';
import type { ProfileEvent } from '../../profile/profile.ts';
import { readAddress, writeAddress, type Defaults, type Shown } from './address.ts';
import { Controls } from './controls.ts';
import { Detail } from './detail.ts';
import { element } from './element.ts';
import { Found } from './found.ts';
import { FrameTable } from './frame-table.ts';
import { frameWords, oneLine, type FrameWords } from './frame-words.ts';
import { Icicle } from './icicle.ts';
import { Key } from './key.ts';
import { namesOf, sameBox, type Model } from './model.ts';
import { icicleScene, sandwichScene, type Box, type Scene } from './scene.ts';
import { Strip } from './strip.ts';
import { Tabs } from './tabs.ts';

/** Lets the browser draw the quick picture first. */
const refinePauseMs = 60;

/** The parts of the server's page that the script fills. */
export interface Places {
  tabs: HTMLElement;
  strip: HTMLElement;
  picture: HTMLElement;
  /** Says aloud what was moved to. */
  status: HTMLElement;
}

/** The capture's page: one state, kept in the address; every part is shown anew from it. */
export class CapturePage {
  readonly #model: Model;
  readonly #defaults: Defaults;
  readonly #status: HTMLElement;
  readonly #tabs: Tabs;
  readonly #strip: Strip;
  readonly #controls: Controls;
  readonly #detail = new Detail();
  readonly #table = new FrameTable();
  readonly #key = new Key();
  readonly #found: Found;
  readonly #icicle: Icicle;
  readonly #darkness = matchMedia('(prefers-color-scheme: dark)');
  #shown: Shown;
  #lastZoom: { key: string; zoomed: ReturnType<Model['zoomed']> } | null = null;
  #scenesTree: CallTree | null = null;

  constructor(model: Model, defaults: Defaults, places: Places) {
    this.#model = model;
    this.#found = new Found(model);
    this.#defaults = defaults;
    this.#status = places.status;
    this.#shown = readAddress(location.hash, defaults);
    const { profile } = model.reading;
    this.#strip = new Strip(places.strip, profile);
    this.#tabs = new Tabs(
      places.tabs,
      defaults.events.map((event) => ({
        event,
        total: rateText(event, ratePerSecond(model.reading, event)),
      })),
      (event) => this.#go({ event, zoom: '' }),
    );
    this.#controls = new Controls({
      search: (search) => this.#go({ search }, false),
      fold: (fold) => this.#go({ fold, zoom: '' }, false),
      view: (view) =>
        view === 'sandwich' ? this.#lookAround(this.#frameForSandwich()) : this.#go({ view, frame: '' }),
      difference: (difference) => this.#go({ difference }, false),
      toPicture: () => this.#selectFound(),
      reset: () => this.#go({ zoom: '', search: '' }),
    });
    this.#icicle = new Icicle({
      paint: (box) => this.#paint(box),
      strong: (box) => this.#kindOf(box) === 'application',
      label: (box) => this.#label(box),
      framed: (box) => this.#isMiddle(box),
      matched: (box) => this.#isFound(box),
      tip: (box) => oneLine(this.#words(box)),
      selected: (box) => this.#select(box),
      open: (box) => this.#open(box),
      back: () => this.#back(),
      covered: () => this.#detail.covered,
    });
    places.picture.replaceChildren(
      this.#controls.host,
      this.#detail.host,
      this.#icicle.host,
      this.#key.host,
      this.#table.host,
      places.status,
    );
    this.#listen();
    this.#show();
  }

  /** The baseline has arrived: difference mode can be chosen. */
  baseArrived(): void {
    this.#show();
  }

  /** Shows an event, searches one frame and opens it: what a row of "what changed" leads to. */
  find(event: ProfileEvent, name: string): void {
    this.#go({ event, search: exactQuery(name), zoom: '', view: 'icicle', frame: '' });
    this.#selectFound();
  }

  #listen(): void {
    addEventListener('hashchange', () => {
      const next = readAddress(location.hash, this.#defaults);
      if (this.#fragmentOf(next) === this.#fragmentOf(this.#shown)) return;
      this.#shown = next;
      this.#show();
    });
    let pending = 0;
    let width = innerWidth;
    addEventListener('resize', () => {
      // Nothing is laid out by the height, which a phone changes whenever its address bar comes or goes.
      if (innerWidth === width) return;
      width = innerWidth;
      cancelAnimationFrame(pending);
      pending = requestAnimationFrame(() => this.#show());
    });
    this.#darkness.addEventListener('change', () => this.#show());
    addEventListener('keydown', (event) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type !== 'checkbox';
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#controls.focusSearch();
    });
  }

  /** Changes the state and the address; `kept`: the back button undoes it. */
  #go(change: Partial<Shown>, kept = true): void {
    this.#shown = { ...this.#shown, ...change };
    const fragment = this.#fragmentOf(this.#shown);
    if (fragment !== this.#fragmentOf(readAddress(location.hash, this.#defaults))) {
      if (kept) location.hash = fragment;
      else location.replace(fragment);
    }
    this.#show();
  }

  #fragmentOf(shown: Shown): string {
    return writeAddress(shown, this.#defaults);
  }

  /** The tree that is shown, with the node that fills it. */
  get #zoomed(): ReturnType<Model['zoomed']> {
    const { event, fold, zoom } = this.#shown;
    const key = `${event} ${fold} ${zoom}`;
    if (this.#lastZoom?.key !== key) this.#lastZoom = { key, zoomed: this.#model.zoomed(event, fold, zoom) };
    return this.#lastZoom.zoomed;
  }

  get #tree(): CallTree {
    return this.#zoomed.tree;
  }

  get #theme(): Theme {
    return this.#darkness.matches ? 'dark' : 'light';
  }

  get #difference(): ReturnType<Model['difference']> {
    const { view, difference, event, fold } = this.#shown;
    return view === 'icicle' && difference ? this.#model.difference(this.#tree, event, fold) : null;
  }

  #show(): void {
    const { event, search, view } = this.#shown;
    const before = this.#icicle.selected;
    this.#found.search(search);
    this.#tabs.show(event);
    const scene = this.#scene();
    this.#icicle.show(scene, this.#sameAs(before, scene.trees[0]!));
    this.#controls.show(this.#shown, this.#model.canCompare(event), this.#found.words(event));
    this.#key.show(this.#difference, this.#theme);
    this.#table.show(
      scene,
      `${view === 'sandwich' ? 'Callers and callees' : 'Widest frames'}, ${event}`,
      (box) => this.#words(box),
      (box) => this.#open(box),
    );
    this.#tell(this.#icicle.selected);
    this.#refine();
  }

  /** A deep zoom is shown at once with what there is; the stacks that a first look left out follow. */
  #refine(): void {
    const { event, fold, view } = this.#shown;
    const { tree, node } = this.#zoomed;
    if (view !== 'icicle' || !this.#model.isCoarse(tree, node)) return;
    setTimeout(() => {
      this.#model.wholeTree(event, fold);
      this.#lastZoom = null;
      this.#show();
    }, refinePauseMs);
  }
  /** Whether a box of the next scene is the one that was selected: the same node, or the same path in another tree. */
  #sameAs(before: Box | null, next: CallTree): (box: Box) => boolean {
    const last = this.#scenesTree;
    this.#scenesTree = next;
    if (before === null || last === null) return () => false;
    if (last === next) return (box) => sameBox(before, box);
    if (this.#shown.view === 'sandwich' || before.layer !== 0) return () => false;
    const path = this.#model.hashOf(last, before.node);
    return (box) => this.#model.hashOf(next, box.node) === path;
  }

  #scene(): Scene {
    const { width } = this.#icicle;
    if (this.#shown.view === 'sandwich') return sandwichScene(this.#sandwichTrees(), width);
    return icicleScene(this.#tree, width, this.#zoomed.node);
  }

  #sandwichTrees(): Sandwich {
    return this.#model.sandwich(this.#shown.event, this.#shown.frame);
  }

  #treeOf(box: Box): CallTree {
    if (this.#shown.view === 'icicle') return this.#tree;
    const { callees, callers } = this.#sandwichTrees();
    return box.layer === 0 ? callees : callers;
  }

  #kindOf(box: Box): ReturnType<typeof this.frameOf>['kind'] {
    return this.frameOf(box).kind;
  }

  frameOf(box: Box): CallTree['frames'][number] {
    const tree = this.#treeOf(box);
    return tree.frames[tree.frame[box.node]!]!;
  }

  #words(box: Box): FrameWords {
    const whole = this.#whole;
    return frameWords(this.#shown.event, this.#treeOf(box), box.node, whole, this.#difference);
  }

  /** The weight that is 100 %. */
  get #whole(): number {
    return this.#model.tree(this.#shown.event, this.#shown.fold).total[0]!;
  }

  #paint(box: Box): Paint {
    const kind = this.#kindOf(box);
    const difference = this.#difference;
    if (difference === null || kind === 'idle') return kindPaint(kind, this.#theme);
    return changePaint(difference.verdict(box.node), difference.delta(box.node), this.#theme);
  }

  #label(box: Box): string {
    const { label } = this.frameOf(box);
    const difference = this.#difference;
    if (difference === null || difference.verdict(box.node) === 'same') return label;
    const delta = difference.delta(box.node);
    return `${delta > 0 ? '▲ +' : '▼ −'}${Math.abs(delta * 100).toFixed(1)} ${label}`;
  }

  #isFound(box: Box): boolean | null {
    return this.#found.isIn(this.#treeOf(box), box.node);
  }

  #select(box: Box | null): void {
    this.#tell(box);
    if (box !== null) this.#status.textContent = oneLine(this.#words(box));
  }

  #middleName(): string {
    if (this.#shown.view !== 'sandwich') return '';
    const { callees } = this.#sandwichTrees();
    return visibleName(callees.frames[callees.frame[0]!]!.name);
  }

  /** Detail and strip follow the selected box, else the zoomed one or the sandwich's. */
  #tell(box: Box | null): void {
    if (box === null) this.#detail.show(null, null, this.#middleName());
    else
      this.#detail.show(this.#words(box), {
        zoom: () => this.#zoom(box),
        callers: () => this.#lookAround(this.frameOf(box).name),
        close: () => this.#icicle.select(-1),
      });
    const inSandwich = this.#shown.view === 'sandwich';
    const node = box?.node ?? (inSandwich ? 0 : this.#zoomed.node);
    const tree = box !== null ? this.#treeOf(box) : inSandwich ? this.#sandwichTrees().callees : this.#tree;
    const frame = tree.frames[tree.frame[node]!]!;
    const { event } = this.#shown;
    const all = this.#model.strip(event, null);
    const aggregate = frame.kind === 'root' || frame.kind === 'threads' || frame.kind === 'idle';
    if (aggregate) this.#strip.show(all, null, event);
    else this.#strip.show(all, this.#model.strip(event, new Set(namesOf(tree, node))), frame.label);
  }

  #open(box: Box): void {
    if (this.#shown.view === 'sandwich') this.#lookAround(this.frameOf(box).name);
    else this.#zoom(box);
  }

  /** Shows the callers and callees of a frame, with the frame itself in sight. */
  #lookAround(frame: string): void {
    this.#go({ view: 'sandwich', frame });
    this.#icicle.reveal((box) => this.#isMiddle(box));
  }

  /** The frame between its callers and callees. */
  #isMiddle({ layer, node }: Box): boolean {
    return this.#shown.view === 'sandwich' && layer === 0 && node === 0;
  }

  #zoom(box: Box): void {
    if (this.#shown.view === 'sandwich') {
      this.find(this.#shown.event, this.frameOf(box).name);
      return;
    }
    this.#go({ zoom: this.#model.hashOf(this.#tree, box.node) });
  }

  /** Escape undoes the last thing: selection on a phone's sheet, zoom, search, view. */
  #back(): void {
    if (this.#shown.view === 'sandwich') this.#go({ view: 'icicle', frame: '' });
    else if (this.#shown.zoom !== '') this.#go({ zoom: '' });
    else if (this.#shown.search !== '') this.#go({ search: '' });
    else this.#icicle.select(-1);
  }

  #selectFound(): void {
    const found = (box: Box): boolean => this.#isFound(box) === true;
    const index = this.#icicle.widest((box) => found(box) && this.#kindOf(box) !== 'folded');
    this.#icicle.select(index >= 0 ? index : this.#icicle.widest(found));
    this.#icicle.host.focus({ preventScroll: true });
  }

  /** The selected frame, else '': each event's own. */
  #frameForSandwich(): string {
    const box = this.#icicle.selected;
    return box !== null && isCode(this.#kindOf(box)) ? this.frameOf(box).name : '';
  }
}

/** The line that screen readers follow. */
export function statusLine(): HTMLElement {
  return element('p', {
    attributes: { class: 'aside', role: 'status', 'aria-live': 'polite', id: 'spoken' },
  });
}
