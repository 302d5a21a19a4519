import type { CallTree } from '../call-tree.ts';
import { shareText } from '../figures.ts';
import { namesFound } from '../names-found.ts';
import type { ProfileEvent } from '../../profile/profile.ts';
import { namesOf, type Model } from './model.ts';

/** What is searched for: which boxes it is found in, and how much of the event that is. */
export class Found {
  readonly #model: Model;
  #query = '';
  #names: ReadonlySet<string> | null = null;

  constructor(model: Model) {
    this.#model = model;
  }

  search(query: string): void {
    if (query === this.#query) return;
    this.#query = query;
    this.#names = namesFound(this.#model.reading, query);
  }

  /** null where nothing is searched. */
  isIn(tree: CallTree, node: number): boolean | null {
    const names = this.#names;
    return names === null ? null : namesOf(tree, node).some((name) => names.has(name));
  }

  words(event: ProfileEvent): string {
    if (this.#names === null) return '';
    if (this.#names.size === 0) return 'nothing matches';
    const { weight } = this.#model.strip(event, null);
    const found = this.#model.strip(event, this.#names).weight;
    return weight === 0 ? 'no samples' : `${shareText(found / weight)} matched`;
  }
}
