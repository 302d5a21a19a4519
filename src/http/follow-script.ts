/** Between looks at a capture that is under way, seconds. */
export const followSeconds = 2;

/**
 * `/follow.js`, for pages of captures that are under way: asks for the page again and puts its content in place, so
 * that what a reader has unfolded stays so; loads the page anew once the capture has come to its end. What cannot be
 * fetched is asked for again. Written for the browser, where no bundler is needed for twenty lines.
 */
export const followScript = `'use strict';
const unfolded = () =>
  new Set([...document.querySelectorAll('details[open] > summary')].map((summary) => summary.textContent));
async function look() {
  try {
    if (!document.hidden) {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(10000) });
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const main = next.querySelector('main');
      if (answer.ok && next.querySelector('script[src="/follow.js"]') === null) {
        location.reload();
        return;
      }
      if (answer.ok && main !== null) {
        const open = unfolded();
        for (const summary of main.querySelectorAll('details > summary'))
          summary.parentElement.open = open.has(summary.textContent);
        const shown = document.querySelector('main');
        if (shown.outerHTML !== main.outerHTML) shown.replaceWith(main);
        document.title = next.title;
      }
    }
  } catch {}
  setTimeout(look, ${followSeconds * 1000});
}
setTimeout(look, ${followSeconds * 1000});
`;
