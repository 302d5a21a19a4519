import type { Theme } from '../palette.ts';
import { rateText } from '../figures.ts';
import { exactQuery, nameMatcher } from '../search.ts';
import { isCode } from '../sandwich.ts';
import { ratePerSecond } from '../time-strip.ts';
import type { ProfileEvent } from '../../profile/profile.ts';
import { readAddress, writeAddress, type Defaults, type Shown } from './address.ts';
import { copyText } from './clipboard.ts';
import { Controls } from './controls.ts';
import { Detail } from './detail.ts';
import { element } from './element.ts';
import { Found } from './found.ts';
import { FrameTable } from './frame-table.ts';
import { oneLine } from './frame-words.ts';
import { Icicle } from './icicle.ts';
import { Key } from './key.ts';
import { MethodTable } from './method-table.ts';
import { namesOf, sameBox, type Model } from './model.ts';
import { Picture } from './picture.ts';
import type { Box } from './scene.ts';
import { Strip } from './strip.ts';
import { Tabs } from './tabs.ts';

/** Lets the browser draw the quick picture first. */
const refinePauseMs = 60;
/** A narrower place is zoomed to, until it is so wide at least; CSS pixels. */
const visiblePx = 2;
const readablePx = 40;

/** The parts of the server's page that the script fills. */
export interface Places {
  tabs: HTMLElement;
  strip: HTMLElement;
  picture: HTMLElement;
  /** "What changed", by event. */
  changed: readonly HTMLElement[];
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
  readonly #methods: MethodTable;
  readonly #sections: readonly HTMLElement[];
  /** The nodes of the picture's tree in which the search is found, the widest first. */
  #places: number[] = [];
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
    this.#sections = places.changed;
    this.#strip = new Strip(places.strip, profile, (slots) => this.#go({ slots, zoom: '' }));
    this.#tabs = new Tabs(
      places.tabs,
      defaults.events.map((event) => ({
        event,
        total: rateText(event, ratePerSecond(model.reading, event)),
      })),
      (event) => this.#go({ event, zoom: '', match: 0 }),
    );
    this.#controls = new Controls({
      search: (search) => this.#go({ search, match: 0 }, false),
      fold: (fold) => this.#go({ fold, zoom: '' }, false),
      view: (view) => this.#look(view),
      difference: (difference) => this.#go({ difference }, false),
      step: (by) => this.#step(by),
      toPicture: () => this.#selectFound(),
      merge: (merge) => this.#go({ merge, zoom: '' }, false),
      colour: (colour) => this.#go({ colour }, false),
      thread: (thread) => this.#go({ thread, zoom: '' }),
      lift: (change) => this.#go({ ...change, zoom: '' }),
      reset: () =>
        this.#go({ zoom: '', search: '', match: 0, removed: [], focus: '', thread: '', slots: null }),
    });
    this.#methods = new MethodTable({
      open: (name) => this.#lookAround(name),
      sort: (sort) => this.#go({ sort }, false),
    });
    this.#icicle = new Icicle({
      paint: (box) => this.#picture.paint(box, this.#theme),
      strong: (box) => this.#picture.frameOf(box).kind === 'application',
      label: (box, room) => this.#picture.label(box, room),
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
      this.#methods.host,
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
    const { zoom, search, view, match } = this.#shown;
    if (view === 'sandwich') this.#icicle.reveal((box) => this.#picture.isMiddle(box));
    else if (search !== '' && match > 0) this.#selectPlace();
    else if (zoom !== '') this.#icicle.reveal(({ node }) => node === this.#picture.zoomed);
    else if (search !== '') this.#icicle.revealWidest((box) => this.#isFound(box) === true);
  }

  /** The baseline has arrived: difference mode can be chosen. */
  baseArrived(): void {
    this.#show();
  }

  /** Shows an event, searches one frame and opens it: what a row of "what changed" leads to. */
  find(event: ProfileEvent, name: string): void {
    this.#go({ event, search: exactQuery(name), zoom: '', view: 'icicle', frame: '', match: 0 });
    this.#step(1);
  }

  /** The next place of what is searched, or the one before; round at the ends. In words: `1 of 2`. */
  step(by: 1 | -1): string {
    this.#step(by);
    return this.placeWords;
  }

  get placeWords(): string {
    return this.#shown.match === 0 ? '' : `${this.#shown.match} of ${this.#places.length}`;
  }

  /** Whether this frame is what is searched. */
  isFound(event: ProfileEvent, name: string): boolean {
    return this.#shown.event === event && this.#shown.search === exactQuery(name);
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
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '/') this.#controls.focusSearch();
      else if (event.key === 'n') this.#step(1);
      else if (event.key === 'N') this.#step(-1);
      else return;
      event.preventDefault();
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
    this.#places = this.#found.places(this.#picture.tree);
    this.#tabs.show(event);
    this.#showChanged(event);
    const isTable = view === 'table';
    for (const part of [this.#icicle.host, this.#key.host, this.#table.host, this.#detail.host])
      part.hidden = isTable;
    this.#methods.host.hidden = !isTable;
    this.#controls.show(this.#shown, {
      hasBase: this.#model.canCompare(event),
      matched: this.#found.words(this.#shown),
      places: this.#places.length,
      time: this.#strip.timeOf(this.#shown.slots),
    });
    this.#controls.offerThreads(this.#model.threads(event), this.#shown.thread);
    if (isTable) this.#showMethods();
    else this.#showPicture(before);
    this.#refine();
  }

  #showPicture(before: { picture: Picture; selected: Box | null }): void {
    const { event, view } = this.#shown;
    const scene = this.#picture.scene(this.#icicle.width);
    this.#icicle.show(scene, this.#sameAs(before.selected, before.picture));
    this.#key.show(this.#picture.difference, this.#picture.packages(), this.#theme);
    const caption: Partial<Record<Shown['view'], string>> = {
      sandwich: 'Callers and callees',
      inverted: 'From the inside out',
    };
    this.#table.show(
      scene,
      `${caption[view] ?? 'Widest frames'}, ${event}`,
      (box) => this.#picture.words(box),
      (box) => this.#open(box),
    );
    this.#tell(this.#icicle.selected);
  }

  #showMethods(): void {
    const { event, sort, search } = this.#shown;
    const tree = this.#model.wholeTree({ ...this.#shown, fold: false, merge: false });
    const accepts = nameMatcher(search);
    this.#methods.show({ event, tree, methods: this.#model.methods(tree), sort, accepts });
    this.#strip.show(this.#model.strip(this.#shown, null), null, event, this.#shown.slots);
  }

  /** Each event has its own rows; where none was compared, there are those of the widest frames. */
  #showChanged(event: ProfileEvent): void {
    for (const section of this.#sections) section.hidden = section.dataset['changedEvent'] !== event;
  }

  /** A deep zoom is shown at once with what there is; the stacks that a first look left out follow. */
  #refine(): void {
    const { view } = this.#shown;
    if (view !== 'icicle' || !this.#model.isCoarse(this.#picture.tree, this.#picture.zoomed)) return;
    setTimeout(() => {
      this.#model.wholeTree(this.#shown);
      this.#show();
    }, refinePauseMs);
  }

  /** Whether a box of the picture is the one that was selected before: the same node, or the same path in another tree. */
  #sameAs(selected: Box | null, { tree: last }: Picture): (box: Box) => boolean {
    const { tree: next } = this.#picture;
    if (selected === null) return () => false;
    if (last === next) return (box) => sameBox(selected, box);
    if (this.#shown.view !== 'icicle' || selected.layer !== 0) return () => false;
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
        zoom: this.#shown.view !== 'sandwich' || this.#isCode(box) ? () => this.#zoom(box) : null,
        callers: this.#isCode(box) ? () => this.#lookAround(this.#picture.frameOf(box).name) : null,
        remove: this.#isCode(box) ? () => this.#remove(this.#picture.frameOf(box).name) : null,
        focus: this.#isCode(box)
          ? () => this.#go({ focus: this.#picture.frameOf(box).name, zoom: '' })
          : null,
        copy: copyText,
        close: () => this.#icicle.select(-1),
      });
    const node = box?.node ?? this.#picture.zoomed;
    const tree = box === null ? this.#picture.tree : this.#picture.treeOf(box);
    const frame = tree.frames[tree.frame[node]!]!;
    const { event } = this.#shown;
    const { slots } = this.#shown;
    const all = this.#model.strip(this.#shown, null);
    const aggregate = frame.kind === 'root' || frame.kind === 'threads' || frame.kind === 'idle';
    if (aggregate) this.#strip.show(all, null, event, slots);
    else {
      const chosen = this.#model.strip(this.#shown, new Set(namesOf(tree, node)));
      this.#strip.show(all, chosen, frame.label, slots);
    }
  }

  /** Threads, folds and the whole have no callers: in a sandwich there is nothing to open them as. */
  #open(box: Box): void {
    if (this.#shown.view !== 'sandwich') this.#zoom(box);
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
    else if (this.#shown.search !== '') this.#go({ search: '', match: 0 });
    else this.#icicle.select(-1);
  }

  #remove(name: string): void {
    const removed = [...new Set([...this.#shown.removed, name])];
    this.#go({ removed, zoom: '', ...(this.#shown.frame === name ? { view: 'icicle', frame: '' } : {}) });
  }

  #look(view: Shown['view']): void {
    if (view === 'sandwich') this.#lookAround(this.#frameForSandwich());
    else this.#go({ view, frame: '', zoom: '' });
  }

  #selectFound(): void {
    if (this.#shown.view === 'table') return;
    if (this.#places.length > 0) this.#go({ match: 1 }, false);
    this.#selectPlace();
    this.#icicle.host.focus({ preventScroll: true });
  }

  #step(by: 1 | -1): void {
    const count = this.#places.length;
    const { match, view } = this.#shown;
    if (count === 0 || view === 'table' || view === 'sandwich') return;
    const next = match === 0 ? (by > 0 ? 1 : count) : ((match - 1 + by + count) % count) + 1;
    this.#go({ match: next }, false);
    this.#selectPlace();
  }

  /** Selects the chosen place, and zooms until it can be seen. */
  #selectPlace(): void {
    const node = this.#places[this.#shown.match - 1];
    if (node === undefined) return;
    const boxOf = (): number => this.#icicle.find((box) => box.layer === 0 && box.node === node);
    const shown = boxOf();
    const box = this.#icicle.boxes[shown];
    if (box === undefined || box.width < visiblePx) {
      const zoom = this.#model.hashOf(this.#picture.tree, this.#zoomFor(node));
      this.#go({ zoom }, false);
    }
    this.#icicle.select(boxOf());
  }

  /** The outermost node in whose picture this one is wide enough to be read. */
  #zoomFor(node: number): number {
    const { tree } = this.#picture;
    const wide = (within: number): number => (tree.total[node]! / tree.total[within]!) * this.#icicle.width;
    let at = node;
    while (at !== 0 && wide(tree.parent[at]!) >= readablePx) at = tree.parent[at]!;
    return at;
  }

  /** The selected frame, else '': each event's own. */
  #frameForSandwich(): string {
    const box = this.#icicle.selected;
    return box !== null && this.#isCode(box) ? this.#picture.frameOf(box).name : '';
  }
}
