import type { ProfileEvent } from '../../profile/profile.ts';
import { element } from './element.ts';

/** One tab per event, with what it amounts to. Arrow keys move between them, as tabs do. */
export class Tabs {
  readonly #host: HTMLElement;
  readonly #buttons: Map<ProfileEvent, HTMLButtonElement>;
  #shown: ProfileEvent | null = null;

  constructor(
    host: HTMLElement,
    tabs: readonly { event: ProfileEvent; total: string }[],
    choose: (event: ProfileEvent) => void,
  ) {
    this.#host = host;
    host.hidden = false;
    host.setAttribute('role', 'tablist');
    host.setAttribute('aria-label', 'Event');
    this.#buttons = new Map(
      tabs.map(({ event, total }) => [
        event,
        element(
          'button',
          {
            attributes: { type: 'button', role: 'tab', id: `tab-${event}`, 'aria-controls': 'picture' },
            on: { click: () => choose(event) },
          },
          element('b', {}, event),
          ' ',
          element('span', {}, total),
        ),
      ]),
    );
    host.replaceChildren(...this.#buttons.values());
    host.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      const events = tabs.map((tab) => tab.event);
      const now = events.findIndex((known) => this.#buttons.get(known) === document.activeElement);
      const next = events[(now + (event.key === 'ArrowRight' ? 1 : events.length - 1)) % events.length];
      if (next === undefined) return;
      event.preventDefault();
      choose(next);
      this.#buttons.get(next)?.focus();
    });
  }

  show(chosen: ProfileEvent): void {
    if (chosen === this.#shown) return;
    this.#shown = chosen;
    for (const [event, button] of this.#buttons) {
      const selected = event === chosen;
      button.setAttribute('aria-selected', String(selected));
      button.tabIndex = selected ? 0 : -1;
      if (selected) this.#bringInto(button);
    }
  }

  /** Moves the strip of tabs alone: the reader may be far down in the picture. */
  #bringInto(button: HTMLElement): void {
    const strip = this.#host.getBoundingClientRect();
    const tab = button.getBoundingClientRect();
    if (tab.left < strip.left) this.#host.scrollLeft -= strip.left - tab.left;
    else if (tab.right > strip.right) this.#host.scrollLeft += tab.right - strip.right;
  }
}
