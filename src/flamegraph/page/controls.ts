import { element } from './element.ts';
import type { Shown } from './address.ts';

interface ControlActions {
  search(query: string): void;
  fold(fold: boolean): void;
  view(view: Shown['view']): void;
  difference(difference: boolean): void;
  /** Enter in the search field: to the widest match. */
  toPicture(): void;
  reset(): void;
}

/** Between two keystrokes; a search of a large profile takes some of it. */
const typingPauseMs = 120;

/** Search, folding, view and difference: the row above the picture. */
export class Controls {
  readonly host: HTMLElement;
  readonly #search: HTMLInputElement;
  readonly #matched = element('output', { attributes: { class: 'matched', for: 'search' } });
  readonly #fold: HTMLInputElement;
  readonly #difference: HTMLInputElement;
  readonly #differenceLabel: HTMLElement;
  readonly #views: Record<Shown['view'], HTMLButtonElement>;
  readonly #reset: HTMLButtonElement;
  /** What was last searched for: while that stays, the page leaves alone what is being typed. */
  #searched = '';
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(actions: ControlActions) {
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
            actions.search(this.#search.value);
            actions.toPicture();
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
    this.#difference = box('difference', (on) => actions.difference(on));
    this.#differenceLabel = element(
      'label',
      { attributes: { hidden: true } },
      this.#difference,
      'difference',
    );
    const view = (name: Shown['view']): HTMLButtonElement =>
      element('button', { attributes: { type: 'button' }, on: { click: () => actions.view(name) } }, name);
    this.#views = { icicle: view('icicle'), sandwich: view('sandwich') };
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
      element('label', {}, this.#fold, 'fold framework'),
      this.#differenceLabel,
      element(
        'span',
        { attributes: { class: 'choice', role: 'group', 'aria-label': 'View' } },
        this.#views.icicle,
        this.#views.sandwich,
      ),
      this.#reset,
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

  show(shown: Shown, hasBase: boolean, matched: string): void {
    if (shown.search !== this.#searched) this.#write(shown.search);
    this.#searched = shown.search;
    this.#matched.textContent = matched;
    this.#fold.checked = shown.fold;
    this.#fold.disabled = shown.view === 'sandwich';
    this.#difference.checked = shown.difference;
    this.#differenceLabel.hidden = !hasBase || shown.view === 'sandwich';
    for (const [name, button] of Object.entries(this.#views))
      button.setAttribute('aria-pressed', String(name === shown.view));
    this.#reset.hidden = shown.zoom === '' && shown.search === '';
  }
}
