import { html } from 'ghtml';
import type { Link } from '../profile/link.ts';
import { escapedName } from './escape.ts';
import { changedSections } from './changed-section.ts';
import { windowText } from './figures.ts';
import { isSafeAddress as isSafe, shownText as shown } from './shown-text.ts';
import type { ProfileSource, View, ViewDetail, ViewFired } from './view.ts';

/** Lines under the sentence that stand above the picture; the rest unfolds. Where there is no picture, all stand. */
const linesAtOnce = 1;

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
        !${view.window === null ? '' : html`<span class="window">!${windowTime(view.window)}</span>`}
        !${view.badges.map(({ text, tone }) => html`<span class="badge ${tone}">${shown(text)}</span> `)}
      </p>
      !${view.fired == null ? '' : fired(view.fired)}
      <h1>!${sentence(view.headline)}</h1>
      !${nextSteps(view)} !${lines(view)}
    </header>
    !${view.window === null ? '' : '<div id="event-tabs" class="tabs" hidden></div>'}
    !${changedSections(view)}
    !${view.window === null ? '' : html`<div id="strip" class="strip" hidden></div>`}
    !${view.window === null ? '' : picturePlace(view)}
    <footer class="facts">
      <p>!${view.facts.map((fact) => html`<span>${shown(fact)}</span>`).join(' · ')}</p>
      <p class="links">!${view.links.map(link).join('')}</p>
    </footer>
    !${view.details.map(detail)}
  </main>`;
}

/** The script adds the reader's own time to what is marked like this. */
const marked = (from: number, words: string, to = from): string =>
  html`<time datetime="${new Date(from).toISOString()}" data-until="${new Date(to).toISOString()}"
    >${words}</time
  >`;

function windowTime(window: NonNullable<View['window']>): string {
  const { startedAt, durationSeconds } = window;
  return marked(startedAt, windowText(window), startedAt + durationSeconds * 1000);
}

/** What the reader was woken by, and where to look further. */
function fired({ summary, description, since, until, condition, links }: ViewFired): string {
  const clock = (at: number): string => `${new Date(at).toISOString().slice(11, 19)} UTC`;
  const times = [
    since === null ? '' : html`since !${marked(since, clock(since))}`,
    until === null ? '' : html`until !${marked(until, clock(until))}`,
  ].filter((part) => part !== '');
  const safe = links.filter(({ url }) => isSafe(url));
  const what = [
    summary === '' ? '' : html`<b>${shown(summary)}</b>`,
    times.join(' '),
    ...safe.map(({ text, url }) => html`<a href="${url}">${shown(text)}</a>`),
  ].filter((part) => part !== '');
  const more = [
    description === '' ? '' : html`<p>${shown(description)}</p>`,
    condition === '' ? '' : html`<p>Fires on <code>${shown(condition)}</code></p>`,
  ].join('');
  return html`<div class="fired">
    <p>!${what.join(' · ')}</p>
    !${
      more === ''
        ? ''
        : html`<details>
            <summary>Alert in full</summary>
            !${more}
          </details>`
    }
  </div>`;
}

/** What to do, and the button that carries all of it into a chat; the script shows it where there is a clipboard. */
function nextSteps({ headline, nextSteps: steps = [], title, fired: alert }: View): string {
  const first = steps[0];
  const words = [`${title}: ${headline}`, alert?.summary ?? '', first === undefined ? '' : `Next: ${first}`];
  const copied = words.filter((line) => line !== '').map(shown);
  return html`<div class="next">
    !${first === undefined ? '' : html`<p><b>Next:</b> !${withCode(shown(first))}</p>`}
    <button type="button" id="copy" data-text="${copied.join('\n')}" hidden>Copy for chat</button>
    !${
      steps.length < 2
        ? ''
        : html`<ul>
            !${steps.slice(1).map((step) => html`<li>!${withCode(shown(step))}</li>`)}
          </ul>`
    }
  </div>`;
}

/** Remedies put names of settings in backticks. */
const withCode = (text: string): string =>
  text
    .split('`')
    .map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))
    .join('');

function lines(view: View): string {
  const words = confidenceWords(view);
  const all = [...(words === null ? [] : [words]), ...view.lines];
  const list = (some: readonly string[]): string =>
    some.length === 0
      ? ''
      : html`<ul class="lines">
          !${some.map((line) => html`<li>${shown(line)}</li>`)}
        </ul>`;
  const further = view.window === null ? [] : all.slice(linesAtOnce);
  if (further.length === 0) return list(all);
  return html`!${list(all.slice(0, linesAtOnce))}
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

function picturePlace(view: View): string {
  const picture = view.links.find(({ url }) => url.includes('flamegraph.svg') && isSafe(url));
  const { staticPicture = null } = view;
  const still =
    staticPicture === null ? '' : html`<img src="${staticPicture}" alt="Flame graph of ${view.event}" />`;
  const instead =
    picture === undefined
      ? 'The picture needs JavaScript.'
      : html`The interactive picture needs JavaScript; <a href="${picture.url}">the static one</a> does not.`;
  return html`<section id="picture" class="picture" aria-label="Flame graph" tabindex="-1">
    <p id="picture-state" role="status"></p>
    <noscript
      ><p>!${instead}</p>
      !${still}</noscript
    >
  </section>`;
}

function link({ text, url }: Link): string {
  return isSafe(url) ? html`<a href="${url}">${shown(text)}</a> ` : html`<span>${shown(text)}</span> `;
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
