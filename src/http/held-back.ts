import { html } from 'ghtml';
import type { Block } from '../captures/ledger.ts';

/** Why flamepin may not profile what it is asked to, whatever the alert. */
export interface HeldBack {
  paused: boolean;
  blocks: readonly Block[];
}

/**
 * What holds captures back, above the list: that they are paused, and what is blocked, each with its way out. The
 * buttons need the script and the captures token; the commands work without either.
 */
export function heldBackBanner({ paused, blocks }: HeldBack, origin: string): string {
  return html`!${paused ? pausedBanner(origin) : ''}!${blocks.length === 0 ? '' : blocksBanner(blocks, origin)}`;
}

function pausedBanner(origin: string): string {
  return html`<section class="held" aria-label="Captures are paused">
    <p><strong>Captures are paused.</strong> Alerts are recorded; nothing is profiled.</p>
    !${control('/resume', 'Resume', null)}
    <p class="by-hand">
      By hand: <code>!${curl(origin, '/resume')}</code>, or send SIGUSR1 to the flamepin process.
    </p>
  </section>`;
}

/** Folded: it may stay like this for weeks, and is not what the reader came for. */
function blocksBanner(blocks: readonly Block[], origin: string): string {
  const words = blocks.length === 1 ? '1 workload or image is' : `${blocks.length} workloads or images are`;
  return html`<section class="held" aria-label="Blocked from profiling">
    <details>
      <summary>
        <strong>${words} not profiled</strong> until released: a target died after its window.
      </summary>
      <ul>
        !${blocks.map((block) => blockEntry(block, origin))}
      </ul>
    </details>
  </section>`;
}

function blockEntry({ key, captureId, reason }: Block, origin: string): string {
  // The command is copied into a shell, and labels of an alert may be part of the key.
  const body = JSON.stringify({ key }).replaceAll("'", String.raw`\u0027`);
  return html`<li>
    <p><code>${key}</code>, <a href="/captures/${captureId}">after its last window</a>: ${reason}</p>
    !${control('/blocks/release', 'Release', body)}
    <p class="by-hand">
      By hand:
      <code>!${curl(origin, '/blocks/release')} -H 'Content-Type: application/json' -d '${body}'</code>
    </p>
  </li>`;
}

/** Shown by the script, which sends the token in a header: in a form's own body it would be a password in a log. */
function control(action: string, words: string, body: string | null): string {
  return html`<form class="control" action="${action}" data-body="${body ?? ''}" hidden>
    <label>Captures token <input type="password" autocomplete="off" required /></label>
    <button>${words}</button>
    <output role="status"></output>
  </form>`;
}

const curl = (origin: string, path: string): string =>
  html`curl -X POST -H "Authorization: Bearer $TOKEN" ${origin.replace(/\/$/, '')}${path}`;
