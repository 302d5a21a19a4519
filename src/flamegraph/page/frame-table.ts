import type { FrameWords } from './frame-words.ts';
import { element } from './element.ts';
import type { Box, Scene } from './scene.ts';

/** Rows of the table, at most: the picture's widest boxes, in the order of their calls. */
const rowsShown = 200;

/** The picture as a table: the same frames and figures, for those who do not see or point. Filled when opened. */
export class FrameTable {
  readonly host: HTMLDetailsElement;
  readonly #body = element('tbody', {});
  readonly #caption = element('caption', {});
  #fill: () => void = () => undefined;

  constructor() {
    const heads = ['frame', 'depth', 'share', 'itself', 'samples'];
    const table = element(
      'table',
      { attributes: { class: 'figures' } },
      this.#caption,
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...heads.map((head, at) =>
            element('th', { attributes: { scope: 'col', class: at === 0 ? '' : 'number' } }, head),
          ),
        ),
      ),
      this.#body,
    );
    this.host = element(
      'details',
      { attributes: { class: 'more', id: 'frame-table' }, on: { toggle: () => this.#fill() } },
      element('summary', {}, 'The picture as a table'),
      table,
    );
  }

  show(scene: Scene, caption: string, wordsOf: (box: Box) => FrameWords, open: (box: Box) => void): void {
    this.#fill = () => {
      if (!this.host.open) return;
      this.#caption.textContent = caption;
      this.#body.replaceChildren(...widestInOrder(scene).map((box) => tableRow(box, wordsOf(box), open)));
    };
    this.#fill();
  }
}

function tableRow(box: Box, words: FrameWords, open: (box: Box) => void): HTMLElement {
  const name = words.change === '' ? words.name : `${words.name} (${words.change})`;
  const cells = [String(box.row), words.share, words.self, words.samples];
  return element(
    'tr',
    {},
    element(
      'th',
      { attributes: { scope: 'row' } },
      element(
        'button',
        { attributes: { type: 'button', class: 'plain' }, on: { click: () => open(box) } },
        name,
      ),
    ),
    ...cells.map((cell) => element('td', { attributes: { class: 'number' } }, cell)),
  );
}

/** The widest boxes, each followed by what it calls. */
function widestInOrder({ boxes }: Scene): Box[] {
  return boxes
    .toSorted((a, b) => b.width - a.width || a.row - b.row)
    .slice(0, rowsShown)
    .sort((a, b) => a.x - b.x || a.row - b.row);
}
