import { visibleName } from '../escape.ts';
import { shareText, weightText } from '../figures.ts';
import type { CallTree } from '../call-tree.ts';
import type { Method } from '../methods.ts';
import type { ProfileEvent } from '../../profile/profile.ts';
import { sorts, type Sort } from './address.ts';
import { element } from './element.ts';

/** Rows that are made at once; a search narrows what is left. */
const rowsShown = 300;
const heads: Record<Sort, string> = { name: 'method', total: 'total', self: 'self' };

export interface MethodTableGiven {
  event: ProfileEvent;
  tree: CallTree;
  methods: readonly Method[];
  sort: Sort;
  /** What is searched for; null where nothing is. */
  accepts: ((name: string) => boolean) | null;
}

/** Every method with what it and its callees take, and what it takes itself: sorted, and narrowed by the search. */
export class MethodTable {
  readonly host: HTMLElement;
  readonly #head = element('tr', {});
  readonly #body = element('tbody', {});
  readonly #words = element('p', { attributes: { class: 'note', role: 'status' } });
  readonly #open: (name: string) => void;
  readonly #sortBy: (sort: Sort) => void;

  constructor(actions: { open(name: string): void; sort(sort: Sort): void }) {
    this.#open = (name) => actions.open(name);
    this.#sortBy = (sort) => actions.sort(sort);
    this.host = element(
      'div',
      { attributes: { class: 'methods', id: 'methods', hidden: true } },
      element(
        'table',
        { attributes: { class: 'figures' } },
        element('caption', { attributes: { class: 'aside' } }, 'Methods'),
        element('thead', {}, this.#head),
        this.#body,
      ),
      this.#words,
    );
    this.host.addEventListener('keydown', (event) => this.#key(event));
  }

  show({ event, tree, methods, sort, accepts }: MethodTableGiven): void {
    const whole = tree.total[0]!;
    const nameOf = ({ frame }: Method): string => tree.frames[frame]!.name;
    const found = accepts === null ? methods : methods.filter((method) => accepts(nameOf(method)));
    const byName = (a: Method, b: Method): number => (nameOf(a) < nameOf(b) ? -1 : 1);
    const sorted = found.toSorted((a, b) =>
      sort === 'name' ? byName(a, b) : b[sort] - a[sort] || byName(a, b),
    );
    this.#showHead(sort);
    const share = (weight: number): string => (whole > 0 ? shareText(weight / whole) : '–');
    this.#body.replaceChildren(
      ...sorted.slice(0, rowsShown).map((method) => {
        const name = nameOf(method);
        const number = (weight: number): HTMLElement =>
          element(
            'td',
            { attributes: { class: 'number' } },
            share(weight),
            ' ',
            element('small', { attributes: { class: 'wide' } }, weightText(event, weight)),
          );
        const open = element(
          'button',
          {
            attributes: { type: 'button', class: 'plain', title: 'Callers and callees' },
            on: { click: () => this.#open(name) },
          },
          visibleName(name),
        );
        return element(
          'tr',
          {},
          element('th', { attributes: { scope: 'row' } }, open),
          number(method.total),
          number(method.self),
        );
      }),
    );
    const more = sorted.length - rowsShown;
    this.#words.textContent =
      sorted.length === 0
        ? 'No method matches.'
        : more > 0
          ? `${more} more; a search narrows them.`
          : `${sorted.length} methods. A name leads to its callers and callees.`;
  }

  #showHead(sort: Sort): void {
    const focused = sorts.find((by) => document.activeElement?.id === `sort-${by}`);
    this.#head.replaceChildren(
      ...(['name', 'total', 'self'] as const).map((by) =>
        element(
          'th',
          {
            attributes: {
              scope: 'col',
              class: by === 'name' ? '' : 'number',
              'aria-sort': by !== sort ? 'none' : by === 'name' ? 'ascending' : 'descending',
            },
          },
          element(
            'button',
            {
              attributes: { type: 'button', class: 'plain', id: `sort-${by}` },
              on: { click: () => this.#sortBy(by) },
            },
            `${heads[by]}${by !== sort ? '' : by === 'name' ? ' ▲' : ' ▼'}`,
          ),
        ),
      ),
    );
    if (focused !== undefined) document.getElementById(`sort-${focused}`)?.focus();
  }

  /** Up and down walk the rows. */
  #key(event: KeyboardEvent): void {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const buttons = [...this.host.querySelectorAll<HTMLElement>('tbody button')];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const next = buttons[at < 0 ? 0 : at + (event.key === 'ArrowDown' ? 1 : -1)];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}
