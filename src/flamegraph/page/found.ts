import type { CallTree } from '../call-tree.ts';
import { shareText } from '../figures.ts';
import { namesFound } from '../names-found.ts';
import { namesOf, type Look, type Model } from './model.ts';

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

  words(look: Look): string {
    if (this.#names === null) return '';
    if (this.#names.size === 0) return 'nothing matches';
    const share = this.#model.shareOf(look, this.#names);
    return share === null ? 'no samples' : `${shareText(share)} matched`;
  }

  /**
   * The nodes of a tree in which it is found, the widest first: the places that next and previous walk. Folded ones
   * come last: there it is among others.
   */
  places(tree: CallTree): number[] {
    if (this.#names === null) return [];
    const nodes: number[] = [];
    for (let node = 1; node < tree.size; node += 1)
      if (node !== tree.idle && this.isIn(tree, node) === true) nodes.push(node);
    const isFolded = (node: number): number => (tree.folded.has(node) ? 1 : 0);
    return nodes.sort((a, b) => isFolded(a) - isFolded(b) || tree.total[b]! - tree.total[a]! || a - b);
  }
}
