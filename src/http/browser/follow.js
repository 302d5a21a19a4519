/*
 * For pages of captures that are under way, and of alerts that have not been seen yet: fetches the page again and puts its content in place, so that what a
 * reader has unfolded stays unfolded; reloads the page once the capture has ended. A fetch that fails is tried again.
 * Served as it stands: plain JavaScript, checked by the TypeScript compiler.
 */

const self = 'script[src="/follow.js"]';
/** Between two looks, milliseconds. */
const lookMs = Number(document.querySelector(self)?.getAttribute('data-seconds')) * 1000;
/** A page is not waited for longer than that, milliseconds. */
const patienceMs = 10_000;

/** @param {HTMLDetailsElement} details */
const headingOf = (details) => details.querySelector(':scope > summary')?.textContent;

const unfolded = () =>
  new Set([...document.querySelectorAll('details')].filter((one) => one.open).map(headingOf));

async function update() {
  const response = await fetch(location.href, { signal: AbortSignal.timeout(patienceMs) });
  const next = new DOMParser().parseFromString(await response.text(), 'text/html');
  if (!response.ok) return;
  // An alert that has been seen since leads to its capture, which is a page of its own.
  if (response.redirected || next.querySelector(self) === null) {
    location.reload();
    return;
  }
  const main = next.querySelector('main');
  const shown = document.querySelector('main');
  if (main === null || shown === null) return;
  const open = unfolded();
  for (const details of main.querySelectorAll('details')) details.open = open.has(headingOf(details));
  if (shown.outerHTML !== main.outerHTML) shown.replaceWith(main);
  document.title = next.title;
}

async function look() {
  try {
    if (!document.hidden) await update();
  } catch {
    // flamepin does not answer: it may be restarting, so the page stays and asks again.
  }
  setTimeout(() => void look(), lookMs);
}

setTimeout(() => void look(), lookMs);
