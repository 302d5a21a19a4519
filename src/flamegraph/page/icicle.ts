import type { Paint } from '../palette.ts';
import { element } from './element.ts';
import { boxAt, neighbour, type Box, type Scene } from './scene.ts';

/** What the canvas asks of the page. */
export interface IcicleOwner {
  paint(box: Box): Paint;
  /** Bold, for what stands out besides its colour. */
  strong(box: Box): boolean;
  /** What is written into it, in at most so many characters. */
  label(box: Box, room: number): string;
  /** What the picture is about: framed, like what is selected. */
  framed(box: Box): boolean;
  /** Searched for, and found here. */
  matched(box: Box): boolean | null;
  /** One line for the pointer's tip. */
  tip(box: Box): string;
  selected(box: Box | null): void;
  /** Zoom, or whatever opening means in this view. */
  open(box: Box): void;
  back(): void;
  /** Height at the bottom of the screen that something covers, in pixels. */
  covered(): number;
}

/** Finger-sized rows where a finger may come; denser ones for a mouse. */
const rowHeights = { coarse: 22, fine: 18 };
/** Drawn above and below the visible part, in screens, so that scrolling shows no gap. */
const screensAround = 1;
/** The highest canvas that every browser draws, in CSS pixels at a ratio of 1: as much of the picture is printed. */
const highestPrinted = 16_000;
const found: Paint = { fill: '#b0145e', text: '#ffffff' };

/** The flame graph itself: a canvas as high as a few screens that follows the scrolling. */
export class Icicle {
  readonly host: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #tip: HTMLElement;
  readonly #owner: IcicleOwner;
  #scene: Scene | null = null;
  #selected = -1;
  #rowHeight = rowHeights.fine;
  #characterWidth = 7;
  #top = 0;
  #height = 0;
  #printing = false;

  constructor(owner: IcicleOwner) {
    this.#owner = owner;
    this.#canvas = element('canvas', {});
    this.#tip = element('div', { attributes: { class: 'tip', hidden: true, 'aria-hidden': 'true' } });
    this.host = element(
      'div',
      {
        attributes: {
          class: 'icicle',
          id: 'icicle',
          tabindex: '0',
          role: 'application',
          'aria-roledescription': 'flame graph',
          'aria-label':
            'Flame graph. Arrow keys move, Enter zooms, Escape goes back, slash searches. The table below has the same data.',
        },
      },
      this.#canvas,
      this.#tip,
    );
    this.#listen();
  }

  get width(): number {
    return this.host.clientWidth;
  }

  get boxes(): readonly Box[] {
    return this.#scene?.boxes ?? [];
  }

  /** The selected box, or null. */
  get selected(): Box | null {
    return this.#scene?.boxes[this.#selected] ?? null;
  }

  /** Shows a scene; the selection stays when `keep` finds its box in it. */
  show(scene: Scene, keep: (box: Box) => boolean): void {
    // It was of a box that may be elsewhere now.
    this.#tip.hidden = true;
    this.#scene = scene;
    this.#selected = scene.boxes.findIndex(keep);
    this.#rowHeight = matchMedia('(pointer: coarse)').matches ? rowHeights.coarse : rowHeights.fine;
    this.host.style.height = `${scene.rows.length * this.#rowHeight}px`;
    this.#place(true);
  }

  /** Selects a box as if it had been moved to, and brings it into view. */
  select(index: number): void {
    this.#selected = index;
    this.#tip.hidden = true;
    const box = this.selected;
    this.#owner.selected(box);
    if (box !== null) this.#reveal(box.row);
    this.draw();
  }

  /** The box of a node, or -1 where it is too narrow to be drawn or out of the picture. */
  find(wanted: (box: Box) => boolean): number {
    return this.#scene?.boxes.findIndex(wanted) ?? -1;
  }

  /** The widest box of those that `wanted` accepts, or -1. */
  widest(wanted: (box: Box) => boolean): number {
    let best = -1;
    for (const [index, box] of (this.#scene?.boxes ?? []).entries())
      if (wanted(box) && (best < 0 || box.width > this.#scene!.boxes[best]!.width)) best = index;
    return best;
  }

  draw(): void {
    const scene = this.#scene;
    const context = this.#canvas.getContext('2d');
    if (scene === null || context === null) return;
    const style = getComputedStyle(this.host);
    const ratio = this.#canvas.width / Math.max(1, this.width);
    const font = `${this.#rowHeight > 20 ? 12 : 11.5}px ${style.fontFamily}`;
    context.setTransform(ratio, 0, 0, ratio, 0, -this.#top * ratio);
    context.clearRect(0, this.#top, this.width, this.#height);
    context.font = font;
    context.textBaseline = 'middle';
    this.#characterWidth = context.measureText('MMMMMMMMMM').width / 10;
    const first = Math.floor(this.#top / this.#rowHeight);
    const last = Math.min(scene.rows.length, Math.ceil((this.#top + this.#height) / this.#rowHeight));
    for (let row = first; row < last; row += 1)
      for (const index of scene.rows[row]!) this.#drawBox(context, scene.boxes[index]!, font);
    context.lineWidth = 2;
    context.strokeStyle = style.color;
    const chosen = this.selected;
    for (const box of scene.boxes) {
      if (box !== chosen && !this.#owner.framed(box)) continue;
      const y = box.row * this.#rowHeight;
      context.strokeRect(box.x + 1, y + 1, Math.max(box.width - 2, 1), this.#rowHeight - 3);
    }
  }

  #drawBox(context: CanvasRenderingContext2D, box: Box, font: string): void {
    const matched = this.#owner.matched(box);
    const paint = matched === true ? found : this.#owner.paint(box);
    const y = box.row * this.#rowHeight;
    context.fillStyle = paint.fill;
    context.fillRect(box.x, y, box.width > 3 ? box.width - 0.8 : box.width, this.#rowHeight - 1);
    const room = Math.floor((box.width - 7) / this.#characterWidth);
    if (room < 3) return;
    const text = this.#owner.label(box, room);
    context.font = this.#owner.strong(box) ? `600 ${font}` : font;
    context.fillStyle = paint.text;
    // The last argument narrows what is wider than its characters' number says: wide scripts, other fonts.
    context.fillText(text, box.x + 3.5, y + (this.#rowHeight - 1) / 2 + 0.5, box.width - 6);
  }

  #listen(): void {
    addEventListener(
      'scroll',
      () => {
        this.#tip.hidden = true;
        this.#place(false);
      },
      { passive: true },
    );
    addEventListener('resize', () => this.#place(false));
    matchMedia('print').addEventListener('change', ({ matches }) => {
      this.#printing = matches;
      this.#place(true);
    });
    this.host.addEventListener('keydown', (event) => this.#key(event));
    this.host.addEventListener('pointermove', (event) => this.#point(event));
    this.host.addEventListener('pointerleave', () => (this.#tip.hidden = true));
    let touched = false;
    this.host.addEventListener('pointerdown', (event) => (touched = event.pointerType !== 'mouse'));
    this.host.addEventListener('click', (event) => {
      const index = this.#at(event);
      const box = this.#scene?.boxes[index];
      if (box === undefined) return;
      // A finger cannot hover: its first tap tells, its second zooms. A mouse has been told already.
      const again = index === this.#selected;
      this.select(index);
      if (!touched || again) this.#owner.open(box);
    });
  }

  #at(event: MouseEvent): number {
    const place = this.host.getBoundingClientRect();
    const row = Math.floor((event.clientY - place.top) / this.#rowHeight);
    return this.#scene === null ? -1 : boxAt(this.#scene, event.clientX - place.left, row);
  }

  #point(event: PointerEvent): void {
    const box = this.#scene?.boxes[this.#at(event)];
    this.#tip.hidden = box === undefined || event.pointerType !== 'mouse';
    if (box === undefined || this.#tip.hidden) return;
    this.#tip.textContent = this.#owner.tip(box);
    const place = this.host.getBoundingClientRect();
    const left = Math.min(event.clientX - place.left + 12, this.width - this.#tip.offsetWidth - 4);
    this.#tip.style.left = `${Math.max(0, left)}px`;
    this.#tip.style.top = `${event.clientY - place.top + 18}px`;
  }

  #key(event: KeyboardEvent): void {
    if (this.#scene === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith('Arrow')) {
      this.select(neighbour(this.#scene, this.#selected, event.key));
    } else if (event.key === 'Home') {
      this.select(this.#scene.rows[0]?.[0] ?? -1);
    } else if (event.key === 'Enter' || event.key === ' ') {
      const box = this.selected;
      if (box !== null) this.#owner.open(box);
    } else if (event.key === 'Escape') {
      this.#owner.back();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Scrolls to the first box that `wanted` accepts, where it is not to be seen yet. */
  reveal(wanted: (box: Box) => boolean): void {
    const box = this.#scene?.boxes.find(wanted);
    if (box !== undefined) this.#reveal(box.row);
  }

  /** The same for the widest of them. */
  revealWidest(wanted: (box: Box) => boolean): void {
    const box = this.#scene?.boxes[this.widest(wanted)];
    if (box !== undefined) this.#reveal(box.row);
  }

  #reveal(row: number): void {
    const top = this.host.getBoundingClientRect().top + row * this.#rowHeight;
    const visible = innerHeight - this.#owner.covered();
    if (top < 0 || top + this.#rowHeight > visible - 8) scrollBy({ top: top - visible / 2 });
  }

  /** Moves and sizes the canvas to the visible part; keeps it while that part is still inside. */
  #place(always: boolean): void {
    if (this.#scene === null) return;
    const whole = this.#scene.rows.length * this.#rowHeight;
    const visible = -this.host.getBoundingClientRect().top;
    const inside =
      Math.max(0, visible) >= this.#top && Math.min(whole, visible + innerHeight) <= this.#top + this.#height;
    if (inside && !always) return;
    const height = Math.min(whole, this.#printing ? highestPrinted : innerHeight * (1 + 2 * screensAround));
    const top = this.#printing
      ? 0
      : Math.max(0, Math.min(whole - height, visible - innerHeight * screensAround));
    this.#top = top;
    this.#height = height;
    const ratio = this.#printing ? 1 : Math.min(devicePixelRatio, 3);
    this.#canvas.width = Math.round(this.width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#canvas.style.top = `${top}px`;
    this.#canvas.style.height = `${height}px`;
    this.draw();
  }
}
