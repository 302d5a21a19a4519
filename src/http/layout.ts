import { html } from 'ghtml';
import type { Link } from '../profile/link.ts';

/** Between two looks at a capture that is under way, seconds. */
const followSeconds = 2;

interface PageOptions {
  title: string;
  /** HTML that is already safe. */
  main: string;
  /** Address of the profile that the flame graph's script draws on this page; null: no script. */
  profileHref?: string | null;
  /** What it shows is in progress: the page keeps itself up to date, even without script. */
  follows?: boolean;
  /** Addresses of further scripts of our own. */
  scripts?: readonly string[];
}

/** A whole page: nothing inline, everything from our own origin. */
export function page({
  title,
  main,
  profileHref = null,
  follows = false,
  scripts = [],
}: PageOptions): string {
  // The profile is most of the page: it loads beside the script, not after it.
  const scriptTags =
    profileHref === null
      ? ''
      : html`<link rel="preload" href="${profileHref}" as="fetch" crossorigin="anonymous" />
          <script type="module" src="/page.js"></script>`;
  const followTags = html`<noscript><meta http-equiv="refresh" content="${followSeconds}" /></noscript>
    <script type="module" src="/follow.js" data-seconds="${followSeconds}"></script>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="stylesheet" href="/page.css" />
        <link rel="stylesheet" href="/site.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        !${scriptTags} !${follows ? followTags : ''}
        !${scripts.map((src) => html`<script type="module" src="${src}"></script>`)}
      </head>
      <body>
        <header class="site">
          <a class="brand" href="/captures">flamepin</a>
          <nav aria-label="Site"><a href="/captures">Captures</a></nav>
        </header>
        !${main}
      </body>
    </html> `;
}

const list: Link = { text: 'All captures', url: '/captures' };

interface Message {
  title: string;
  sentence: string;
  /** '' for none. */
  remedy: string;
  next?: Link | undefined;
  /** What it says may soon be otherwise: the page looks again by itself. */
  follows?: boolean | undefined;
}

/** A page that says one thing (unknown id, unauthorized, expired), and where to go next. */
export function messagePage({ title, sentence, remedy, next = list, follows = false }: Message): string {
  return page({
    title: `${title} · flamepin`,
    follows,
    main: html`<main class="message">
      <h1>!${withCode(sentence)}</h1>
      !${remedy === '' ? '' : html`<p>!${withCode(remedy)}</p>`}
      <p class="onwards"><a href="${next.url}">${next.text}</a></p>
    </main>`,
  });
}

/** The list of reasons puts names of settings in backticks. */
export const withCode = (text: string): string =>
  text
    .split('`')
    .map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))
    .join('');
