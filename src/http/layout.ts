import { html } from 'ghtml';

interface PageOptions {
  title: string;
  /** HTML that is safe already. */
  main: string;
  /** The flame graph's script is wanted on this page. */
  script?: boolean;
  /** Reloads a page whose capture is still under way, also without script. */
  refreshSeconds?: number;
}

/** A whole page: nothing inline, everything from our own origin. */
export function page({ title, main, script = false, refreshSeconds }: PageOptions): string {
  const refresh =
    refreshSeconds === undefined ? '' : html`<meta http-equiv="refresh" content="${refreshSeconds}" />`;
  const scriptTag = script ? '<script type="module" src="/page.js"></script>' : '';
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        !${refresh}
        <link rel="stylesheet" href="/page.css" />
        <link rel="stylesheet" href="/site.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        !${scriptTag}
      </head>
      <body>
        <header class="site"><a class="brand" href="/captures">flamepin</a></header>
        !${main}
      </body>
    </html> `;
}

const list = { words: 'All captures', href: '/captures' };

/** A page that says one thing: unknown id, no right, expired; and where to go on. */
export function messagePage(title: string, sentence: string, mend: string, onwards = list): string {
  return page({
    title: `${title} · flamepin`,
    main: html`<main class="message">
      <h1>${sentence}</h1>
      <p>${mend}</p>
      <p><a href="${onwards.href}">${onwards.words}</a></p>
    </main>`,
  });
}
