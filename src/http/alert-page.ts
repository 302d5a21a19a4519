import { html } from 'ghtml';
import type { SeenAlert } from '../captures/ledger.ts';
import { describeReason } from '../reasons/failure.ts';
import { page, withCode } from './layout.ts';

/** An alert without a capture: why there is none, what to change, and the labels that decided. */
export function alertPage({ alert, outcome, reason, receivedAt }: SeenAlert): string {
  const described = reason === null ? null : describeReason(reason);
  const name = alert.labels['alertname'] ?? alert.fingerprint;
  const labels = Object.entries(alert.labels)
    .map(
      ([label, value]) =>
        html`<dt>${label}</dt>
          <dd>${value}</dd>`,
    )
    .join('');
  return page({
    title: `Alert ${name} · flamepin`,
    main: html`<main class="message alert">
      <h1>!${withCode(described?.sentence ?? `The alert was ${outcome}.`)}</h1>
      !${described === null || described.detail === '' ? '' : html`<p>${described.detail}</p>`}
      !${described === null || described.remedy === '' ? '' : html`<p>!${withCode(described.remedy)}</p>`}
      <dl>
        <dt>alert</dt>
        <dd>${name}</dd>
        <dt>outcome</dt>
        <dd>${outcome}</dd>
        !${
          reason === null
            ? ''
            : html`<dt>reason</dt>
                <dd><code>${reason.code}</code></dd>`
        }
        <dt>received</dt>
        <dd>${new Date(receivedAt).toISOString()}</dd>
      </dl>
      <h2>Labels</h2>
      <dl>!${labels}</dl>
      <p class="onwards"><a href="/captures">All captures</a></p>
    </main>`,
  });
}
