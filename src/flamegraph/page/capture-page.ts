import type { Theme } from '../palette.ts';
import { rateText } from '../figures.ts';
import { exactQuery } from '../search.ts';
import { isCode } from '../sandwich.ts';
import { ratePerSecond } from '../time-strip.ts';
import type { ProfileEvent } from '../../profile/profile.ts';
import { readAddress, writeAddress, type Defaults, type Shown } from './address.ts';
import { Controls } from './controls.ts';
import { Detail } from './detail.ts';
import { element } from './element.ts';
import { Found } from './found.ts';
import { FrameTable } from './frame-table.ts';
import { oneLine } from './frame-words.ts';
import { Icicle } from './icicle.ts';
import { Key } from './key.ts';
import { namesOf, sameBox, type Model } from './model.ts';
import { Picture } from './picture.ts';
import type { Box } from './scene.ts';
import { Strip } from './strip.ts';
import { Tabs } from './tabs.ts';

/** Lets the browser draw the quick picture first. */
const refinePauseMs = 60;

/** The parts of the server's page that the script fills. */
export interface Places {
  tabs: HTMLElement;
  strip: HTMLElement;
  picture: HTMLElement;
}

/** The capture's page: one state, kept in the address; every part is shown anew from it. */
export class CapturePage {
  readonly #model: Model;
  readonly #defaults: Defaults;
  /** The line that screen readers follow: says aloud what was moved to. */
  readonly #status = element('p', {
    attributes: { class: 'aside', role: 'status', 'aria-live': 'polite', id: 'spoken' },
  });
  readonly #tabs: Tabs;
  readonly #strip: Strip;
  readonly #controls: Controls;
  readonly #detail = new Detail();
  readonly #table = new FrameTable();
  readonly #key = new Key();
  readonly #found: Found;
  readonly #icicle: Icicle;
  /** Paper is white, whatever the screen is. */
  readonly #darkness = matchMedia('screen and (prefers-color-scheme: dark)');
  #shown: Shown;
  #picture: Picture;

  constructor(model: Model, defaults: Defaults, places: Places) {
    this.#model = model;
    this.#found = new Found(model);
    this.#defaults = defaults;
    this.#shown = readAddress(location.hash, defaults);
    this.#picture = new Picture(model, this.#shown);
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
      paint: (box) => this.#picture.paint(box, this.#theme),
      strong: (box) => this.#picture.frameOf(box).kind === 'application',
      label: (box) => this.#picture.label(box),
      framed: (box) => this.#picture.isMiddle(box),
      matched: (box) => this.#isFound(box),
      tip: (box) => oneLine(this.#picture.words(box)),
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
      this.#status,
    );
    this.#listen();
    this.#show();
    this.#arrive();
  }

  /** A link to a place in the picture opens there, however deep it is, and not at the top of the page. */
  #arrive(): void {
    const { zoom, search, view } = this.#shown;
    if (view === 'sandwich') this.#icicle.reveal((box) => this.#picture.isMiddle(box));
    else if (zoom !== '') this.#icicle.reveal(({ node }) => node === this.#picture.zoomed);
    else if (search !== '') this.#icicle.revealWidest((box) => this.#isFound(box) === true);
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

  get #theme(): Theme {
    return this.#darkness.matches ? 'dark' : 'light';
  }

  #show(): void {
    const { event, search, view } = this.#shown;
    const before = { picture: this.#picture, selected: this.#icicle.selected };
    this.#picture = new Picture(this.#model, this.#shown);
    this.#found.search(search);
    this.#tabs.show(event);
    const scene = this.#picture.scene(this.#icicle.width);
    this.#icicle.show(scene, this.#sameAs(before.selected, before.picture));
    this.#controls.show(this.#shown, this.#model.canCompare(event), this.#found.words(event));
    this.#key.show(this.#picture.difference, this.#theme);
    this.#table.show(
      scene,
      `${view === 'sandwich' ? 'Callers and callees' : 'Widest frames'}, ${event}`,
      (box) => this.#picture.words(box),
      (box) => this.#open(box),
    );
    this.#tell(this.#icicle.selected);
    this.#refine();
  }

  /** A deep zoom is shown at once with what there is; the stacks that a first look left out follow. */
  #refine(): void {
    const { event, fold, view } = this.#shown;
    if (view !== 'icicle' || !this.#model.isCoarse(this.#picture.tree, this.#picture.zoomed)) return;
    setTimeout(() => {
      this.#model.wholeTree(event, fold);
      this.#show();
    }, refinePauseMs);
  }

  /** Whether a box of the picture is the one that was selected before: the same node, or the same path in another tree. */
  #sameAs(selected: Box | null, { tree: last }: Picture): (box: Box) => boolean {
    const { tree: next } = this.#picture;
    if (selected === null) return () => false;
    if (last === next) return (box) => sameBox(selected, box);
    if (this.#shown.view === 'sandwich' || selected.layer !== 0) return () => false;
    const path = this.#model.hashOf(last, selected.node);
    return (box) => this.#model.hashOf(next, box.node) === path;
  }

  #isFound(box: Box): boolean | null {
    return this.#found.isIn(this.#picture.treeOf(box), box.node);
  }

  #select(box: Box | null): void {
    this.#tell(box);
    if (box !== null) this.#status.textContent = oneLine(this.#picture.words(box));
  }

  /** Detail and strip follow the selected box, else the zoomed one or the sandwich's. */
  #tell(box: Box | null): void {
    if (box === null) this.#detail.show(null, null, this.#picture.middleName);
    else
      this.#detail.show(this.#picture.words(box), {
        zoom: this.#shown.view === 'icicle' || this.#isCode(box) ? () => this.#zoom(box) : null,
        callers: this.#isCode(box) ? () => this.#lookAround(this.#picture.frameOf(box).name) : null,
        close: () => this.#icicle.select(-1),
      });
    const node = box?.node ?? this.#picture.zoomed;
    const tree = box === null ? this.#picture.tree : this.#picture.treeOf(box);
    const frame = tree.frames[tree.frame[node]!]!;
    const { event } = this.#shown;
    const all = this.#model.strip(event, null);
    const aggregate = frame.kind === 'root' || frame.kind === 'threads' || frame.kind === 'idle';
    if (aggregate) this.#strip.show(all, null, event);
    else this.#strip.show(all, this.#model.strip(event, new Set(namesOf(tree, node))), frame.label);
  }

  /** Threads, folds and the whole have no callers: in a sandwich there is nothing to open them as. */
  #open(box: Box): void {
    if (this.#shown.view === 'icicle') this.#zoom(box);
    else if (this.#isCode(box)) this.#lookAround(this.#picture.frameOf(box).name);
  }

  #isCode(box: Box): boolean {
    return isCode(this.#picture.frameOf(box).kind);
  }

  /** Shows the callers and callees of a frame, with the frame itself in sight. */
  #lookAround(frame: string): void {
    this.#go({ view: 'sandwich', frame });
    this.#icicle.reveal((box) => this.#picture.isMiddle(box));
  }

  #zoom(box: Box): void {
    if (this.#shown.view === 'sandwich') {
      this.find(this.#shown.event, this.#picture.frameOf(box).name);
      return;
    }
    this.#go({ zoom: this.#model.hashOf(this.#picture.tree, box.node) });
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
    const index = this.#icicle.widest((box) => found(box) && this.#picture.frameOf(box).kind !== 'folded');
    this.#icicle.select(index >= 0 ? index : this.#icicle.widest(found));
    this.#icicle.host.focus({ preventScroll: true });
  }

  /** The selected frame, else '': each event's own. */
  #frameForSandwich(): string {
    const box = this.#icicle.selected;
    return box !== null && this.#isCode(box) ? this.#picture.frameOf(box).name : '';
  }
}
