import { changePaint, kindPaint, legend, type Paint, type Theme } from '../palette.ts';
import { element } from './element.ts';

/** What the colours mean. */
export class Key {
  readonly host = element('ul', { attributes: { class: 'key', 'aria-label': 'Colours' } });

  show(difference: boolean, theme: Theme): void {
    const entries: { paint: Paint; words: string }[] = difference
      ? [
          { paint: changePaint('grew', 1, theme), words: '▲ grew' },
          { paint: changePaint('shrank', -1, theme), words: '▼ shrank' },
          { paint: changePaint('same', 0, theme), words: 'within noise' },
        ]
      : legend.map(({ kind, words }) => ({ paint: kindPaint(kind, theme), words }));
    this.host.replaceChildren(
      ...entries.map(({ paint, words }) => {
        const swatch = element('i', {});
        swatch.style.background = paint.fill;
        return element('li', {}, swatch, words);
      }),
    );
  }
}
