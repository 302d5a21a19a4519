import type { Difference } from '../difference.ts';
import { visibleName } from '../escape.ts';
import { shareText } from '../figures.ts';
import {
  changePaint,
  kindPaint,
  legend,
  packagePaint,
  unchanged,
  type Paint,
  type Theme,
} from '../palette.ts';
import { element } from './element.ts';

/** Frames of the baseline that are gone, at most. */
const vanishedShown = 5;

/** What the colours mean; in difference mode also what only the baseline had, which no box can show. */
export class Key {
  readonly host = element('ul', { attributes: { class: 'key', 'aria-label': 'Colours' } });

  /** @param packages where the colours are theirs; null where they are those of the kinds */
  show(difference: Difference | null, packages: readonly string[] | null, theme: Theme): void {
    const entries: { paint: Paint; words: string }[] =
      difference !== null
        ? [
            { paint: changePaint('grew', 1, theme), words: '▲ grew' },
            { paint: changePaint('shrank', -1, theme), words: '▼ shrank' },
            { paint: changePaint('same', 0, theme), words: unchanged },
          ]
        : packages !== null
          ? packages.map((owner) => ({ paint: packagePaint(owner, theme), words: visibleName(owner) }))
          : legend.map(({ kind, words }) => ({ paint: kindPaint(kind, theme), words }));
    this.host.replaceChildren(
      ...entries.map(({ paint, words }) => {
        const swatch = element('i', {});
        swatch.style.background = paint.fill;
        return element('li', {}, swatch, words);
      }),
      ...(difference?.vanished ?? [])
        .slice(0, vanishedShown)
        .map(({ name, share }) =>
          element(
            'li',
            { attributes: { class: 'gone' } },
            `▼ gone: ${visibleName(name)} (was ${shareText(share)})`,
          ),
        ),
    );
  }
}
