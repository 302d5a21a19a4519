import type { ProfileEvent } from '../../profile/profile.ts';
import { element } from './element.ts';

/** One tab per event, with what it amounts to. Arrow keys move between them, as tabs do. */
export class Tabs {
  readonly #buttons: Map<ProfileEvent, HTMLButtonElement>;

  constructor(
    host: HTMLElement,
    tabs: readonly { event: ProfileEvent; total: string }[],
    choose: (event: ProfileEvent) => void,
  ) {
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
    for (const [event, button] of this.#buttons) {
      const selected = event === chosen;
      button.setAttribute('aria-selected', String(selected));
      button.tabIndex = selected ? 0 : -1;
      if (selected) button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  }
}
