import { visibleName } from '../escape.ts';
import type { ThreadGroup } from '../selection.ts';
import { shareText } from '../figures.ts';
import { element } from './element.ts';
import { views, type Shown, type ViewName } from './address.ts';

interface ControlActions {
  search(query: string): void;
  fold(fold: boolean): void;
  view(view: ViewName): void;
  difference(difference: boolean): void;
  /** To the next place of what is searched (1), or the one before (-1). */
  step(by: 1 | -1): void;
  /** Enter in the search field: to the first place, and into the picture. */
  toPicture(): void;
  merge(merge: boolean): void;
  colour(colour: Shown['colour']): void;
  thread(thread: string): void;
  /** Takes one restriction away. */
  lift(change: Partial<Shown>): void;
  reset(): void;
}

/** Between two keystrokes; a search of a large profile takes some of it. */
const typingPauseMs = 120;
/** Groups of threads in the list; the rest are small. */
const threadsOffered = 100;

/** Search, folding, view and difference: the row above the picture. */
export class Controls {
  readonly host: HTMLElement;
  readonly #search: HTMLInputElement;
  readonly #matched = element('output', { attributes: { class: 'matched', for: 'search' } });
  readonly #fold: HTMLInputElement;
  readonly #difference: HTMLInputElement;
  readonly #differenceLabel: HTMLElement;
  readonly #merge: HTMLInputElement;
  readonly #colour: HTMLInputElement;
  readonly #thread: HTMLSelectElement;
  readonly #views: Record<ViewName, HTMLButtonElement>;
  readonly #walk: HTMLElement;
  readonly #place = element('output', { attributes: { class: 'place' } });
  /** What is left out of the picture, each with a button that takes it back. */
  readonly #lifted = element('ul', {
    attributes: { class: 'restrictions', 'aria-label': 'Only part of the samples' },
  });
  readonly #actions: ControlActions;
  readonly #reset: HTMLButtonElement;
  /** What was last searched for: while that stays, the page leaves alone what is being typed. */
  #searched = '';
  /** Enter has been to a place of this search already: the next one goes on from there. */
  #stepped = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(actions: ControlActions) {
    this.#actions = actions;
    this.#search = element('input', {
      attributes: {
        type: 'search',
        id: 'search',
        placeholder: 'search, or /regex/',
        'aria-label': 'Search frames: text or /regex/',
        autocomplete: 'off',
        autocapitalize: 'off',
        spellcheck: 'false',
        enterkeyhint: 'search',
      },
      on: {
        input: () => {
          clearTimeout(this.#pause);
          this.#pause = setTimeout(() => actions.search(this.#search.value), typingPauseMs);
        },
        keydown: (event) => {
          if (!(event instanceof KeyboardEvent)) return;
          if (event.key === 'Enter') {
            clearTimeout(this.#pause);
            if (this.#search.value === this.#searched && this.#searched !== '' && this.#stepped) {
              actions.step(event.shiftKey ? -1 : 1);
              return;
            }
            actions.search(this.#search.value);
            this.#stepped = true;
            if (event.shiftKey) actions.step(-1);
            else actions.toPicture();
          } else if (event.key === 'Escape') {
            this.#write('');
            actions.search('');
          }
        },
      },
    });
    const box = (id: string, act: (on: boolean) => void): HTMLInputElement => {
      const made = element('input', { attributes: { type: 'checkbox', id } });
      made.addEventListener('change', () => act(made.checked));
      return made;
    };
    this.#fold = box('fold', (on) => actions.fold(on));
    this.#merge = box('merge', (on) => actions.merge(on));
    this.#colour = box('colour', (on) => actions.colour(on ? 'package' : 'kind'));
    this.#thread = element('select', {
      attributes: { id: 'thread', 'aria-label': 'Threads' },
      on: { change: () => actions.thread(this.#thread.value) },
    });
    const stepper = (words: string, by: 1 | -1, label: string): HTMLElement =>
      element(
        'button',
        { attributes: { type: 'button', 'aria-label': label }, on: { click: () => actions.step(by) } },
        words,
      );
    this.#walk = element(
      'span',
      { attributes: { class: 'walk', role: 'group', 'aria-label': 'Places found', hidden: true } },
      stepper('‹', -1, 'Previous place'),
      this.#place,
      stepper('›', 1, 'Next place'),
    );
    this.#difference = box('difference', (on) => actions.difference(on));
    this.#differenceLabel = element(
      'label',
      { attributes: { hidden: true } },
      this.#difference,
      'difference',
    );
    const view = (name: ViewName): HTMLButtonElement =>
      element('button', { attributes: { type: 'button' }, on: { click: () => actions.view(name) } }, name);
    this.#views = {
      icicle: view('icicle'),
      inverted: view('inverted'),
      sandwich: view('sandwich'),
      table: view('table'),
    };
    this.#reset = element(
      'button',
      {
        attributes: { type: 'button', class: 'quiet reset' },
        on: {
          click: () => {
            this.#write('');
            actions.reset();
          },
        },
      },
      'Reset',
    );
    this.host = element(
      'div',
      { attributes: { class: 'controls', role: 'group', 'aria-label': 'Picture' } },
      element('span', { attributes: { class: 'search' } }, this.#search, this.#matched),
      this.#walk,
      element(
        'span',
        { attributes: { class: 'choice', role: 'group', 'aria-label': 'View' } },
        ...views.map((name) => this.#views[name]),
      ),
      element('label', {}, this.#fold, 'fold framework'),
      this.#differenceLabel,
      this.#more(),
      this.#reset,
      this.#lifted,
    );
  }

  /** What is rarely wanted, folded: the picture is to stand as high as it can. */
  #more(): HTMLElement {
    return element(
      'details',
      { attributes: { class: 'options' } },
      element('summary', {}, 'More'),
      element(
        'div',
        {},
        element('label', {}, this.#merge, 'merge recursion'),
        element('label', {}, this.#colour, 'colour by package'),
        element('label', {}, 'threads ', this.#thread),
      ),
    );
  }

  /** @param groups of threads that the event was seen in, with their shares */
  offerThreads(groups: readonly ThreadGroup[], chosen: string): void {
    const known =
      groups.some(({ name }) => name === chosen) || chosen === ''
        ? groups
        : [{ name: chosen, share: 0 }, ...groups];
    this.#thread.replaceChildren(
      element('option', { attributes: { value: '' } }, 'all'),
      ...known
        .slice(0, threadsOffered)
        .map(({ name, share }) =>
          element(
            'option',
            { attributes: { value: name } },
            `${visibleName(name).slice(0, 60)} · ${shareText(share)}`,
          ),
        ),
    );
    this.#thread.value = chosen;
  }

  #restrictions(shown: Shown, time: string): void {
    const { removed, focus, thread, slots } = shown;
    const entries: [words: string, lift: Partial<Shown>][] = [
      ...removed.map((name): [string, Partial<Shown>] => [
        `without ${visibleName(name)}`,
        { removed: removed.filter((other) => other !== name) },
      ]),
      ...(focus === ''
        ? []
        : [[`only through ${visibleName(focus)}`, { focus: '' }] as [string, Partial<Shown>]]),
      ...(thread === ''
        ? []
        : [[`only threads ${visibleName(thread)}`, { thread: '' }] as [string, Partial<Shown>]]),
      ...(slots === null ? [] : [[`only ${time}`, { slots: null }] as [string, Partial<Shown>]]),
    ];
    this.#lifted.hidden = entries.length === 0;
    this.#lifted.replaceChildren(
      ...entries.map(([words, lift]) =>
        element(
          'li',
          {},
          `${words} `,
          element(
            'button',
            {
              attributes: { type: 'button', 'aria-label': `Show again: ${words}` },
              on: { click: () => this.#actions.lift(lift) },
            },
            '✕',
          ),
        ),
      ),
    );
  }

  focusSearch(): void {
    this.#search.focus();
    this.#search.select();
  }

  /** Replaces what was typed, also what is still waiting for the pause. */
  #write(search: string): void {
    clearTimeout(this.#pause);
    this.#search.value = search;
  }

  /** @param places how many there are of what is searched @param time the chosen part of the window in words */
  show(shown: Shown, given: { hasBase: boolean; matched: string; places: number; time: string }): void {
    const { hasBase, matched, places, time } = given;
    const { view } = shown;
    if (shown.search !== this.#searched) {
      this.#write(shown.search);
      this.#stepped = shown.match > 0;
    }
    this.#searched = shown.search;
    this.#matched.textContent = matched;
    this.#walk.hidden = shown.search === '' || places === 0 || view === 'table' || view === 'sandwich';
    this.#place.textContent = shown.match === 0 ? `${places} places` : `${shown.match} of ${places}`;
    this.#fold.checked = shown.fold;
    this.#fold.disabled = view !== 'icicle';
    this.#merge.checked = shown.merge;
    this.#colour.checked = shown.colour === 'package';
    this.#difference.checked = shown.difference;
    this.#differenceLabel.hidden = !hasBase || view !== 'icicle';
    for (const [name, button] of Object.entries(this.#views))
      button.setAttribute('aria-pressed', String(name === view));
    const { removed, focus, thread, slots } = shown;
    const isPart = removed.length > 0 || focus !== '' || thread !== '' || slots !== null;
    this.#reset.hidden = shown.zoom === '' && shown.search === '' && !isPart;
    this.#restrictions(shown, time);
  }
}
