import { slotSeconds } from '../../profile/sampling.ts';
import type { Profile } from '../../profile/profile.ts';
import type { Selection } from '../selection.ts';
import type { TimeStrip } from '../time-strip.ts';
import { element } from './element.ts';

const height = 34;
/** A drag that is shorter is a click; CSS pixels. */
const shortestDrag = 4;

/** The window in slots of half a second: all of the event in grey, the chosen frame in front of it. */
export class Strip {
  readonly #host: HTMLElement;
  readonly #canvas = element('canvas', { attributes: { role: 'img' } });
  readonly #words = element('p', { attributes: { class: 'strip-words' } });
  readonly #profile: Profile;

  readonly #choose: (slots: Selection['slots']) => void;
  #slots: Selection['slots'] = null;
  #shown: { all: TimeStrip; chosen: TimeStrip | null } | null = null;

  /** `choose`: a part of the window was chosen, or all of it again. */
  constructor(host: HTMLElement, profile: Profile, choose: (slots: Selection['slots']) => void) {
    this.#host = host;
    this.#profile = profile;
    this.#choose = choose;
    host.hidden = false;
    host.title = 'Drag to look at a part of the window; click to look at all of it again';
    host.replaceChildren(this.#canvas, this.#words);
    this.#listen();
  }

  /** A part of the window in words; '' for all of it. */
  timeOf(slots: Selection['slots']): string {
    if (slots === null) return '';
    const [from, to] = slots;
    return `${this.#time(from * slotSeconds * 1000)}–${this.#time(to * slotSeconds * 1000)} UTC`;
  }

  /** `chosen`: null while no frame is chosen. `name` is its name, or the event's. `slots`: what is looked at. */
  show(all: TimeStrip, chosen: TimeStrip | null, name: string, slots: Selection['slots']): void {
    this.#slots = slots;
    this.#shown = { all, chosen };
    const front = chosen ?? all;
    const peak = front.slots.indexOf(highestOf(front.slots));
    const words =
      front.weight === 0
        ? `${name}: nothing in this window`
        : `${name} over time; peak at ${this.#time(peak * slotSeconds * 1000)}`;
    this.#canvas.setAttribute('aria-label', words);
    this.#words.replaceChildren(
      element('span', {}, this.#time(0)),
      element('span', { attributes: { class: 'strip-name' } }, words),
      element('span', {}, this.#time(this.#profile.durationSeconds * 1000)),
    );
    this.#draw(all, chosen);
  }

  /** A drag chooses slots. A finger that moves up or down scrolls the page, as it does elsewhere. */
  #listen(): void {
    let from: number | null = null;
    const slotAt = (clientX: number): number => {
      const place = this.#canvas.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (clientX - place.left) / Math.max(1, place.width)));
      return (part * this.#profile.durationSeconds) / slotSeconds;
    };
    const chosen = (clientX: number, start: number): Selection['slots'] => {
      const [a, b] = [slotAt(start), slotAt(clientX)];
      return [
        Math.floor(Math.min(a, b)),
        Math.max(Math.ceil(Math.max(a, b)), Math.floor(Math.min(a, b)) + 1),
      ];
    };
    this.#canvas.addEventListener('pointerdown', (event) => {
      from = event.clientX;
      this.#canvas.setPointerCapture(event.pointerId);
    });
    this.#canvas.addEventListener('pointermove', (event) => {
      if (from === null || this.#shown === null || Math.abs(event.clientX - from) < shortestDrag) return;
      this.#slots = chosen(event.clientX, from);
      this.#draw(this.#shown.all, this.#shown.chosen);
    });
    this.#canvas.addEventListener('pointerup', (event) => {
      if (from === null) return;
      const start = from;
      from = null;
      if (Math.abs(event.clientX - start) >= shortestDrag) this.#choose(chosen(event.clientX, start));
      else if (this.#slots !== null) this.#choose(null);
    });
    this.#canvas.addEventListener('pointercancel', () => (from = null));
  }

  #draw(all: TimeStrip, chosen: TimeStrip | null): void {
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    const width = this.#host.clientWidth;
    const ratio = Math.min(devicePixelRatio, 3);
    const style = getComputedStyle(this.#host);
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const highest = Math.max(highestOf(all.slots), 1e-9);
    // The last slot may lie only in part within the window.
    const wide = (width * slotSeconds) / Math.max(slotSeconds, this.#profile.durationSeconds);
    const bars = (slots: Float64Array, colour: string): void => {
      context.fillStyle = colour;
      for (const [slot, value] of slots.entries()) {
        const high = value === 0 ? 0 : Math.max(1, (value / highest) * (height - 4));
        context.fillRect(slot * wide, height - high, Math.max(wide - 1, 0.5), high);
      }
    };
    bars(all.slots, style.getPropertyValue(chosen === null ? '--accent' : '--quiet-bar'));
    if (chosen !== null) bars(chosen.slots, style.getPropertyValue('--accent'));
    if (this.#slots !== null) {
      const [first, end] = this.#slots;
      context.fillStyle = style.getPropertyValue('--paper');
      context.globalAlpha = 0.72;
      context.fillRect(0, 0, first * wide, height);
      context.fillRect(end * wide, 0, width, height);
      context.globalAlpha = 1;
    }
    context.fillStyle = style.getPropertyValue('--alarm');
    const whole = this.#profile.durationSeconds * 1000;
    for (const { atMs, durationMs } of this.#profile.gcPauses)
      context.fillRect((atMs / whole) * width, 0, Math.max(1, (durationMs / whole) * width), 3);
  }

  #time(afterMs: number): string {
    return new Date(this.#profile.startedAt + afterMs).toISOString().slice(11, 19);
  }
}

/** Not spread into Math.max: hours have more slots than a call may have arguments. */
function highestOf(slots: Float64Array): number {
  return slots.reduce((highest, slot) => Math.max(highest, slot), 0);
}
