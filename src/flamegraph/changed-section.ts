import { html } from 'ghtml';
import { changeWords, testedWords } from '../profile/comparison/row-change.ts';
import { profileEvents } from '../profile/sampling.ts';
import type { ProfileEvent } from '../profile/profile.ts';
import { rateChange } from '../profile/quantities.ts';
import { pointsText, shareText } from './figures.ts';
import { isSafeAddress, shownText } from './shown-text.ts';
import type { ComparisonRow, View } from './view.ts';

/** Rows above the fold: more would push the picture off a laptop's first screen. */
const rowsAtOnce = 4;
/** More rows than this, folded ones included, are no longer an answer. */
const rowsShown = 20;

type Comparison = NonNullable<View['comparison']>;

/**
 * What changed, one line for each frame: a section for every event that was compared, of which the script shows the
 * chosen one; without script it is the leading one. Without a comparison, the widest frames of the leading event.
 */
export function changedSections(view: View): string {
  const { comparison } = view;
  if (comparison === null || comparison.rows.length === 0) return widestSection(view);
  const events = profileEvents.filter((event) => comparison.rows.some((row) => row.event === event));
  const lead = events.includes(view.event) ? view.event : events[0];
  return events.map((event) => comparedSection(comparison, event, event === lead)).join('');
}

function comparedSection(comparison: Comparison, event: ProfileEvent, first: boolean): string {
  const rows = comparison.rows.filter((row) => row.event === event).slice(0, rowsShown);
  const changed = rows.filter((row) => row.change !== 'same');
  const atOnce = changed.slice(0, rowsAtOnce);
  const folded = rows.filter((row) => !atOnce.includes(row));
  const heading = changed.length === 0 ? 'Nothing changed beyond noise' : 'What changed';
  const id = `changed-${event}`;
  return html`<section
    class="changed"
    data-changed-event="${event}"
    aria-labelledby="${id}"
    !${first ? '' : 'hidden'}
  >
    <h2 id="${id}">${heading} <small>in ${event}, against !${against(comparison)}</small></h2>
    !${table(atOnce)} !${note(atOnce)} !${fold(folded)}
  </section>`;
}

function against({ baseLabel, baseHref }: Comparison): string {
  return baseHref === null || !isSafeAddress(baseHref)
    ? html`${shownText(baseLabel)}`
    : html`<a href="${baseHref}">${shownText(baseLabel)}</a>`;
}

function table(rows: readonly ComparisonRow[]): string {
  if (rows.length === 0) return '';
  return html`<table class="figures">
    <thead class="aside">
      <tr>
        <th scope="col">frame</th>
        <th scope="col" class="bars">bars</th>
        <th scope="col" class="number">share, before and now</th>
        <th scope="col" class="number wide">rate, before and now</th>
        <th scope="col" class="number">difference, points</th>
      </tr>
    </thead>
    <tbody>
      !${rows.map(changedRow)}
    </tbody>
  </table>`;
}

/** `1 more changed, 9 within noise`. */
function fold(rows: readonly ComparisonRow[]): string {
  if (rows.length === 0) return '';
  const changed = rows.filter((row) => row.change !== 'same').length;
  const same = rows.length - changed;
  const words = [
    changed === 0 ? '' : `${changed} more changed`,
    same === 0 ? '' : `${same} within noise`,
  ].filter((part) => part !== '');
  return html`<details class="unchanged">
    <summary>${words.join(', ')}</summary>
    !${table(rows)} !${note(rows)}
  </details>`;
}

/** What was tested, for rows whose share and rate did not both change. */
function note(rows: readonly ComparisonRow[]): string {
  const words = testedWords(rows.flatMap((row) => (row.significant ? [] : [row.change])));
  return words.length === 0 ? '' : html`<p class="note">${words.join(' ')}</p>`;
}

function changedRow(row: ComparisonRow): string {
  const half = ((row.deltaShareHigh - row.deltaShareLow) / 2) * 100;
  const tone = !row.significant ? 'same' : row.deltaShare > 0 ? 'grew' : 'shrank';
  const points = html`${pointsText(row.deltaShare)} <small>±${half.toFixed(half < 1 ? 1 : 0)}</small>`;
  const difference = row.significant
    ? points
    : html`${changeWords[row.change]} <small class="wide">!${points}</small>`;
  return html`<tr>
    <th scope="row" data-frame="${shownText(row.frame)}" data-event="${row.event}">
      !${frameName(row.frame)}
    </th>
    <td class="bars">!${bars(row, tone)}</td>
    <td class="number">${shareText(row.baseShare)} → <b>${shareText(row.currentShare)}</b></td>
    <td class="number wide">${rateChange(row)}</td>
    <td class="number ${tone}">!${difference}</td>
  </tr>`;
}

/** The figures beside it say the same to those who do not see it. No style attribute: the page's policy forbids it. */
function bars({ baseShare, currentShare }: ComparisonRow, tone: string): string {
  const meter = (share: number, when: string): string =>
    html`<meter class="${when}" min="0" max="1" value="${share.toFixed(3)}"></meter>`;
  return html`<span class="pair ${tone}" aria-hidden="true"
    >!${meter(baseShare, 'before')}!${meter(currentShare, 'now')}</span
  >`;
}

function widestSection({ topFrames, event }: View): string {
  if (topFrames.length === 0) return '';
  const rows = topFrames.slice(0, rowsShown);
  const widest = (some: View['topFrames']): string =>
    some.length === 0
      ? ''
      : html`<table class="figures">
          <thead class="aside">
            <tr>
              <th scope="col">frame</th>
              <th scope="col" class="bars">bar</th>
              <th scope="col" class="number">share</th>
            </tr>
          </thead>
          <tbody>
            !${some.map(
              ({ name, share }) =>
                html`<tr>
                  <th scope="row" data-frame="${shownText(name)}" data-event="${event}">
                    !${frameName(name)}
                  </th>
                  <td class="bars">
                    <span class="pair same" aria-hidden="true"
                      ><meter class="now" min="0" max="1" value="${share.toFixed(3)}"></meter
                    ></span>
                  </td>
                  <td class="number">${shareText(share)}</td>
                </tr>`,
            )}
          </tbody>
        </table>`;
  const folded = rows.slice(rowsAtOnce);
  return html`<section class="changed" aria-labelledby="changed-title">
    <h2 id="changed-title">Widest application frames <small>in ${event}</small></h2>
    !${widest(rows.slice(0, rowsAtOnce))}
    !${
      folded.length === 0
        ? ''
        : html`<details class="unchanged">
            <summary>${folded.length} more</summary>
            !${widest(folded)}
          </details>`
    }
  </section>`;
}

/** `com.acme.shop.Cart.add` → `Cart.add`, its package in small print behind it. */
function frameName(name: string): string {
  const [, owner, label] = /^((?:[\p{Ll}_][\p{L}\p{N}_$]*\.)+)(\p{Lu}.*\..*)$/u.exec(name) ?? [];
  if (owner === undefined || label === undefined) return html`${shownText(name)}`;
  const method = label.lastIndexOf('.');
  return html`${shownText(label.slice(0, method))}<wbr />${shownText(label.slice(method))}
    <small class="wide">${shownText(owner.slice(0, -1))}</small>`;
}
