import { slotSeconds } from '../../profile/sampling.ts';
import type { Profile } from '../../profile/profile.ts';
import type { TimeStrip } from '../time-strip.ts';
import { element } from './element.ts';

const height = 44;

/** The window in slots of half a second: all of the event in grey, the chosen frame in front of it. */
export class Strip {
  readonly #host: HTMLElement;
  readonly #canvas = element('canvas', { attributes: { role: 'img' } });
  readonly #words = element('p', { attributes: { class: 'strip-words' } });
  readonly #profile: Profile;

  constructor(host: HTMLElement, profile: Profile) {
    this.#host = host;
    this.#profile = profile;
    host.hidden = false;
    host.replaceChildren(this.#canvas, this.#words);
  }

  /** `chosen`: null while no frame is chosen. `name` is its name, or the event's. */
  show(all: TimeStrip, chosen: TimeStrip | null, name: string): void {
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
