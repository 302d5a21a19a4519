import { html } from 'ghtml';
import { unchangedWords } from '../profile/comparison/headline.ts';
import type { Link } from '../profile/link.ts';
import { escapedName } from './escape.ts';
import { pointsText, shareText, windowText } from './figures.ts';
import type { ComparisonRow, ProfileSource, View, ViewDetail } from './view.ts';

/** More rows than this are no longer an answer. On a phone CSS shows the first five. */
const changedShown = 12;
/** Lines under the sentence that a phone shows at once; CSS unfolds the rest where there is room. */
const linesOnPhone = 3;
/** Longest piece of text, in characters; more is cut. */
const longestText = 2000;

/**
 * The <main> of a capture's page: sentence, lines, table and links read without script; the page's script adds tabs,
 * strip and picture. No inline script, style or style attribute. `source` is null where the profile's data is in
 * the page itself, or where there is no profile (`view.window` null).
 */
export function captureMain(view: View, source: ProfileSource | null): string {
  return html`<main
    id="capture"
    class="capture"
    data-event="${view.event}"
    data-profile="${source?.profileHref ?? ''}"
    data-base="${source?.baseHref ?? ''}"
    data-base-label="${shown(view.comparison?.baseLabel ?? '')}"
    data-difference="${view.opensAsDifference === true ? '1' : ''}"
    data-packages="${view.applicationPackages.join(' ')}"
    data-changed="${JSON.stringify(view.comparison?.changedFrames ?? {})}"
  >
    <header class="answer">
      <p class="where">
        <span class="what">${shown(view.title)}</span>
        ${view.window === null ? '' : windowText(view.window)}
        !${view.badges.map(({ text, tone }) => html`<span class="badge ${tone}">${shown(text)}</span> `)}
      </p>
      <h1>!${sentence(view.headline)}</h1>
      !${lines(view)}
    </header>
    !${view.window === null ? '' : '<div id="event-tabs" class="tabs" hidden></div><div id="strip" class="strip" hidden></div>'}
    !${table(view)} !${view.window === null ? '' : picturePlace(view)}
    <footer class="facts">
      <p>!${view.facts.map((fact) => html`<span>${shown(fact)}</span>`).join(' · ')}</p>
      <p class="links">!${view.links.map(link).join('')}</p>
    </footer>
    !${view.details.map(detail)}
  </main>`;
}

/** Text on one line, without what turns its direction; an alert may carry 100 kB in one label. */
function shown(text: string): string {
  const cut = text.length > longestText ? `${text.slice(0, longestText)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

function lines(view: View): string {
  const words = confidenceWords(view);
  const all = [...(words === null ? [] : [words]), ...view.lines];
  const list = (some: readonly string[]): string =>
    some.length === 0
      ? ''
      : html`<ul class="lines">
          !${some.map((line) => html`<li>${shown(line)}</li>`)}
        </ul>`;
  const further = all.slice(linesOnPhone);
  if (further.length === 0) return list(all);
  return html`!${list(all.slice(0, linesOnPhone))}
    <details class="further">
      <summary>${further.length} more</summary>
      !${list(further)}
    </details>`;
}

/** The sentence, with its interval in small print: whoever is woken reads it last. */
function sentence(headline: string): string {
  const [, before, interval, after] = /^(.*?)( \([^()]*±[^()]*\))(.*)$/.exec(shown(headline)) ?? [];
  if (before === undefined || interval === undefined || after === undefined) return html`${shown(headline)}`;
  const further = after === '' ? '' : html`<strong>${after}</strong>`;
  return html`${before}<span class="interval">${interval}!${further}</span>`;
}

/** `certain` needs no words: the sentence stands as it is. */
function confidenceWords({ confidence, comparison }: View): string | null {
  switch (confidence) {
    case 'likely':
      return comparison === null ? 'Likely, not certain.' : 'Likely, not certain: the intervals are below.';
    case 'unknown':
      return 'The cause cannot be determined from this window.';
    case 'certain':
    case null:
      return null;
  }
}

function table(view: View): string {
  if (view.comparison !== null && view.comparison.rows.length > 0) {
    const { baseLabel, baseHref, rows } = view.comparison;
    const against =
      baseHref === null || !isSafe(baseHref)
        ? html`${shown(baseLabel)}`
        : html`<a href="${baseHref}">${shown(baseLabel)}</a>`;
    return html`<section class="changed" aria-labelledby="changed-title">
      <h2 id="changed-title">What changed <small>against !${against}</small></h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">frame</th>
            <th scope="col" class="event">event</th>
            <th scope="col" class="number">now</th>
            <th scope="col" class="number">before</th>
            <th scope="col" class="number">difference<span class="wide">, points</span></th>
          </tr>
        </thead>
        <tbody>
          !${rows.slice(0, changedShown).map(changedRow)}
        </tbody>
      </table>
      !${rows.some((row) => !row.significant && unchangedWords(row) === 'share only') ? shareOnly : ''}
    </section>`;
  }
  if (view.topFrames.length === 0) return '';
  return html`<section class="changed" aria-labelledby="changed-title">
    <h2 id="changed-title">Widest application frames <small>${view.event}</small></h2>
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">frame</th>
          <th scope="col" class="number">share</th>
        </tr>
      </thead>
      <tbody>
        !${view.topFrames.slice(0, changedShown).map(
          ({ name, share }) =>
            html`<tr>
              <th scope="row" data-frame="${shown(name)}" data-event="${view.event}">!${frameName(name)}</th>
              <td class="number">${shareText(share)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

const shareOnly = html`<p class="note">
  share only: other frames grew or shrank; its own rate did not change beyond noise.
</p>`;

function changedRow(row: ComparisonRow): string {
  const half = ((row.deltaShareHigh - row.deltaShareLow) / 2) * 100;
  const tone = !row.significant ? 'same' : row.deltaShare > 0 ? 'grew' : 'shrank';
  const difference = row.significant
    ? html`${pointsText(row.deltaShare)} <small>±${half.toFixed(half < 1 ? 1 : 0)}</small>`
    : unchangedWords(row);
  return html`<tr>
    <th scope="row" data-frame="${shown(row.frame)}" data-event="${row.event}">
      !${frameName(row.frame)} <small class="narrow">${row.event}</small>
    </th>
    <td class="event">${row.event}</td>
    <td class="number">${shareText(row.currentShare)}</td>
    <td class="number">${shareText(row.baseShare)}</td>
    <td class="number ${tone}">!${difference}</td>
  </tr>`;
}

/** `com.acme.shop.Cart.add` → `Cart.add`, its package in small print behind it. */
function frameName(name: string): string {
  const [, owner, label] = /^((?:[\p{Ll}_][\p{L}\p{N}_$]*\.)+)(\p{Lu}.*\..*)$/u.exec(name) ?? [];
  if (owner === undefined || label === undefined) return html`${shown(name)}`;
  const method = label.lastIndexOf('.');
  return html`${shown(label.slice(0, method))}<wbr />${shown(label.slice(method))}
    <small class="wide">${shown(owner.slice(0, -1))}</small>`;
}

function picturePlace(view: View): string {
  const picture = view.links.find(({ url }) => url.includes('flamegraph.svg') && isSafe(url));
  const instead =
    picture === undefined
      ? 'The picture needs JavaScript.'
      : html`The interactive picture needs JavaScript; <a href="${picture.url}">the static one</a> does not.`;
  return html`<section id="picture" class="picture" aria-label="Flame graph" tabindex="-1">
    <p id="picture-state" role="status">Reading the profile …</p>
    <noscript><p>!${instead}</p></noscript>
  </section>`;
}

function link({ text, url }: Link): string {
  return isSafe(url) ? html`<a href="${url}">${shown(text)}</a> ` : html`<span>${shown(text)}</span> `;
}

/** Addresses may come from an alert: `javascript:` and `data:` never become links. */
function isSafe(url: string): boolean {
  return /^(https?:\/\/|mailto:|\/(?!\/)|\.{0,2}\/|[?#])/i.test(url) && !/[\p{Cc}\s]/u.test(url);
}

function detail({ summary, rows, text }: ViewDetail): string {
  const list =
    rows.length === 0
      ? ''
      : html`<dl>
          !${rows.map(
            ([term, description]) =>
              html`<div>
                <dt>${shown(term)}</dt>
                <dd>${shown(description)}</dd>
              </div>`,
          )}
        </dl>`;
  const block = text === '' ? '' : html`<pre tabindex="0">${text.replace(/[^\P{C}\n\t]/gu, '\ufffd')}</pre>`;
  return html`<details class="more">
    <summary>${shown(summary)}</summary>
    !${list}!${block}
  </details>`;
}

/** For a document's <title>. */
export function documentTitle(view: View): string {
  return escapedName(`${view.headline} · ${view.title}`);
}
