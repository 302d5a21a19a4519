import type { FrameWords } from './frame-words.ts';
import { element } from './element.ts';

interface DetailActions {
  /** null where there is nothing to zoom into. */
  zoom: (() => void) | null;
  /** null for what has none: threads, folds, idle threads, the whole. */
  callers: (() => void) | null;
  /** null for what is no code: nothing to leave out or to look at alone. */
  remove: (() => void) | null;
  focus: (() => void) | null;
  copy(name: string): Promise<boolean>;
  close(): void;
}

/** What the selected frame is: a line above the picture, on a phone a sheet at the bottom. */
export class Detail {
  readonly host = element('div', { attributes: { class: 'frame-detail', id: 'frame-detail' } });
  readonly #hint =
    'Click a box to zoom. Keys: arrows move, Enter zooms, Esc goes back, / searches, n and N go from match to match.';

  constructor() {
    this.show(null, null);
  }

  /** How much of the screen's bottom the sheet covers, in pixels; 0 where it is no sheet. */
  get covered(): number {
    return getComputedStyle(this.host).position === 'fixed' ? this.host.offsetHeight : 0;
  }

  /** `between`: the frame of a sandwich, '' elsewhere. */
  show(words: FrameWords | null, actions: DetailActions | null, between = ''): void {
    this.host.classList.toggle('open', words !== null);
    if (words === null || actions === null) {
      const name = element('b', {}, between);
      this.host.replaceChildren(
        between === ''
          ? element('p', { attributes: { class: 'hint' } }, this.#hint)
          : element('p', { attributes: { class: 'between' } }, 'Callers above, callees below: ', name),
      );
      return;
    }
    const button = (label: string, act: () => void): HTMLElement =>
      element('button', { attributes: { type: 'button' }, on: { click: act } }, label);
    const copy = button('Copy name', () => {
      void actions.copy(words.name).then((done) => (copy.textContent = done ? 'Copied' : 'Not copied'));
    });
    const figures = [
      `${words.share} of ${words.event}`,
      `${words.self} self`,
      words.samples,
      words.change,
      words.kind,
    ];
    this.host.replaceChildren(
      element('p', { attributes: { class: 'frame-name' } }, words.name),
      element(
        'p',
        { attributes: { class: 'frame-figures' } },
        figures.filter((figure) => figure !== '').join(' · '),
      ),
      element(
        'p',
        { attributes: { class: 'frame-actions' } },
        ...(actions.zoom === null ? [] : [button('Zoom', actions.zoom)]),
        ...(actions.callers === null ? [] : [button('Callers', actions.callers)]),
        ...(actions.focus === null ? [] : [button('Focus', actions.focus)]),
        ...(actions.remove === null ? [] : [button('Remove', actions.remove)]),
        copy,
        button('Close', () => actions.close()),
      ),
    );
  }
}
