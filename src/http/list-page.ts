import { html } from 'ghtml';
import type { Capture } from '../captures/capture.ts';
import { outcomeSentence } from '../captures/outcome.ts';
import { page } from './layout.ts';

export interface ListQuery {
  workload: string | undefined;
  state: string | undefined;
  before: string | undefined;
}

/** Newest first; empty: how to send the first alert. One glance shows whether flamepin is well. */
export function listPage(
  captures: readonly Capture[],
  query: ListQuery,
  pageSize: number,
  curlBase: string,
): string {
  const filtered = query.workload !== undefined || query.state !== undefined || query.before !== undefined;
  const body =
    captures.length > 0
      ? table(captures)
      : filtered
        ? html`<p>No capture fits this filter. <a href="/captures">All captures</a></p>`
        : firstSteps(curlBase);
  return page({
    title: 'Captures · flamepin',
    main: html`<main class="list">
      <h1>Captures</h1>
      <p class="health">${health(captures)}</p>
      !${filters(query)} !${body} !${older(captures, query, pageSize)}
    </main>`,
  });
}

function health(captures: readonly Capture[]): string {
  const newest = captures[0];
  if (newest === undefined) return 'No captures yet.';
  const failures = new Map<string, number>();
  for (const { state, reason } of captures) {
    if (state === 'failed' && reason !== null)
      failures.set(reason.code, (failures.get(reason.code) ?? 0) + 1);
  }
  const failed = [...failures].map(([code, count]) => `${count} × ${code}`).join(', ');
  return `Last capture ${when(newest)}. ${failed === '' ? 'No failures' : `Failures: ${failed}`} among these ${captures.length}.`;
}

function table(captures: readonly Capture[]): string {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          <th scope="col">Alert</th>
          <th scope="col">Workload</th>
          <th scope="col">Answer</th>
          <th scope="col">Event</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        !${captures.map(row)}
      </tbody>
    </table>
  </div>`;
}

function row(capture: Capture): string {
  const workload = capture.target?.workload ?? '';
  return html`<tr>
    <td class="time"><a href="/captures/${capture.id}">${when(capture)}</a></td>
    <td>${capture.alert.labels['alertname'] ?? capture.request.purpose}</td>
    <td><a href="/captures?workload=${encodeURIComponent(workload)}">${workload}</a></td>
    <td class="answer"><a href="/captures/${capture.id}">${outcomeSentence(capture)}</a></td>
    <td>${capture.request.event}</td>
    <td><span class="state ${capture.state}">${capture.state}</span></td>
  </tr>`;
}

function filters(query: ListQuery): string {
  const states = ['', 'done', 'skipped', 'failed', 'queued', 'capturing'];
  return html`<form class="filters" method="get" action="/captures">
    <label>Workload <input name="workload" value="${query.workload ?? ''}" /></label>
    <label
      >Outcome
      <select name="state">
        !${states.map((state) => html`<option value="${state}" !${state === (query.state ?? '') ? 'selected' : ''}>${state === '' ? 'any' : state}</option>`)}
      </select></label
    >
    <button>Filter</button>
  </form>`;
}

function older(captures: readonly Capture[], query: ListQuery, pageSize: number): string {
  const last = captures.at(-1);
  if (last === undefined || captures.length < pageSize) return '';
  const parameters = new URLSearchParams({ before: last.id });
  if (query.workload !== undefined) parameters.set('workload', query.workload);
  if (query.state !== undefined) parameters.set('state', query.state);
  return html`<p><a href="/captures?${parameters.toString()}">Older captures</a></p>`;
}

function firstSteps(base: string): string {
  const body = JSON.stringify({
    version: '4',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'HighLatency', instance: 'localhost:8081' },
        annotations: {},
        startsAt: '2026-01-01T00:00:00Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '',
        fingerprint: '0123456789abcdef',
      },
    ],
  });
  return html`<section class="empty">
    <h2>Send the first alert</h2>
    <p>Point an Alertmanager receiver or a Grafana contact point at this server, or try it by hand:</p>
    <pre>
curl -X POST ${base}/webhooks/alertmanager -H 'Content-Type: application/json' -H 'Authorization: Bearer TOKEN' -d '${body}'</pre>
    <p>Leave the Authorization header out where no secret is configured.</p>
  </section>`;
}

function when(capture: Capture): string {
  const iso = capture.timeline.receivedAt ?? capture.alert.startsAt;
  return iso.slice(0, 19).replace('T', ' ');
}
