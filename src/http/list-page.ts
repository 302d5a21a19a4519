import { html } from 'ghtml';
import { captureStates, type Capture, type CaptureState } from '../captures/capture.ts';
import { isFinal, outcomeSentence } from '../captures/outcome.ts';
import { heldBackBanner, type HeldBack } from './held-back.ts';
import { page } from './layout.ts';
import { filterNames, type ListQuery } from './list-query.ts';

/** Longest name of an alert in a line, characters. */
const mostName = 40;

interface ListOptions {
  query: ListQuery;
  pageSize: number;
  /** Where people reach flamepin, for commands. */
  origin: string;
  held: HeldBack;
}

/** Newest first; empty: how to send the first alert. One glance shows whether flamepin is healthy. */
export function listPage(
  captures: readonly Capture[],
  { query, pageSize, origin, held }: ListOptions,
): string {
  const filtered = Object.values(query).some((value) => value !== undefined);
  const body =
    captures.length > 0
      ? table(captures)
      : filtered
        ? html`<p class="nothing">No capture matches this filter. <a href="/captures">All captures</a></p>`
        : firstSteps(origin);
  return page({
    title: 'Captures · flamepin',
    scripts: held.paused || held.blocks.length > 0 ? ['/control.js'] : [],
    main: html`<main class="list">
      <div class="top">
        <h1>Captures</h1>
        <p class="health">!${health(captures)}</p>
      </div>
      !${heldBackBanner(held, origin)} !${captures.length > 0 || filtered ? filters(query) : ''} !${body}
      !${paging(captures, query, pageSize)}
    </main>`,
  });
}

function health(captures: readonly Capture[]): string {
  const newest = captures[0];
  if (newest === undefined) return '';
  const failures = new Map<string, number>();
  for (const { state, reason } of captures)
    if (state === 'failed' && reason !== null)
      failures.set(reason.code, (failures.get(reason.code) ?? 0) + 1);
  const reasons = [...failures]
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => (count === 1 ? code : `${count} × ${code}`));
  const count = (wanted: (capture: Capture) => boolean) => captures.filter(wanted).length;
  const of = (state: CaptureState) => count((capture) => capture.state === state);
  const parts = [
    ['', `Newest ${when(newest)} UTC`],
    [
      'busy',
      amount(
        count((capture) => !isFinal(capture)),
        'in progress',
      ),
    ],
    ['', amount(of('done'), 'done')],
    ['', amount(of('skipped'), 'skipped')],
    ['bad', amount(of('failed'), `failed (${reasons.join(', ')})`)],
  ].filter(([, words]) => words !== '');
  return parts.map(([tone, words]) => html`<span class="${tone}">${words}</span>`).join(' · ');
}

const amount = (count: number, words: string): string => (count === 0 ? '' : `${count} ${words}`);

/** Roles are named because the table becomes cards on a phone, where `display` would take them away. */
function table(captures: readonly Capture[]): string {
  const heads = ['Time, UTC', 'State', 'Answer', 'Alert', 'Workload', 'Event'];
  return html`<table class="captures" role="table" aria-label="Captures, newest first">
    <thead role="rowgroup">
      <tr role="row">
        !${heads.map((head) => html`<th scope="col" role="columnheader">${head}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      !${captures.map(row)}
    </tbody>
  </table>`;
}

function row(capture: Capture): string {
  const { id, state, request, target } = capture;
  const workload = target?.workload ?? '';
  const [date, time] = when(capture).split(' ');
  const workloadLink =
    workload === ''
      ? ''
      : html`<a href="/captures?workload=${encodeURIComponent(workload)}">!${breakable(workload)}</a>`;
  return html`<tr role="row">
    <td role="cell" class="time"><span class="date">${date}</span> ${time}</td>
    <td role="cell" class="state"><span class="badge ${tone(state)}">${state}</span></td>
    <td role="cell" class="answer">
      <a href="/captures/${id}">${outcomeSentence(capture)}</a>!${unstored(capture)}
    </td>
    <td role="cell" class="alert">${clip(askedBy(capture))}</td>
    <td role="cell" class="workload">!${workloadLink}</td>
    <td role="cell" class="event">${request.event}</td>
  </tr>`;
}

function unstored({ storeRetry, answer }: Capture): string {
  if (storeRetry === null) return '';
  const note = answer === null ? '' : 'Its flame graph is not stored yet. ';
  return html`<br /><small>${note}Next try ${storeRetry.nextTryAt.slice(11, 19)} UTC</small>`;
}

/** The alert's name, or the purpose of a capture that no alert asked for. */
function askedBy({ alert, request }: Capture): string {
  const name = alert.labels['alertname'] ?? request.purpose;
  return request.purpose === 'sibling' && name !== 'sibling' ? `sibling, ${name}` : name;
}

/** A label may be of any length; the capture's page has all of it. */
const clip = (text: string): string => (text.length <= mostName ? text : `${text.slice(0, mostName - 1)}…`);

/** Lines may end after a slash. */
const breakable = (text: string): string =>
  text
    .split('/')
    .map((part) => html`${part}`)
    .join('/<wbr />');

function tone(state: CaptureState): string {
  switch (state) {
    case 'done':
      return 'calm';
    case 'failed':
      return 'alarm';
    case 'skipped':
      return 'quiet';
    default:
      return 'warning';
  }
}

function filters(query: ListQuery): string {
  const states: readonly string[] = ['', ...captureStates.toReversed()];
  const time = (name: 'since' | 'until', words: string) =>
    html`<label class="time"
      >${words} <input type="datetime-local" name="${name}" value="${minutes(query[name])}"
    /></label>`;
  const part = (name: 'text' | 'workload' | 'alert', words: string) =>
    html`<label class="${name}">${words} <input name="${name}" value="${query[name] ?? ''}" /></label>`;
  return html`<form class="filters" method="get" action="/captures">
    !${part('text', 'Text')} !${part('workload', 'Workload')} !${part('alert', 'Alert')}
    <label
      >State
      <select name="state">
        !${states.map((state) => html`<option value="${state}" !${state === (query.state ?? '') ? 'selected' : ''}>${state === '' ? 'any' : state}</option>`)}
      </select></label
    >
    !${time('since', 'From, UTC')} !${time('until', 'Until, UTC')}
    <button>Filter</button>
  </form>`;
}

/** As the browser's field wants it, to the minute. */
const minutes = (iso: string | undefined): string => /^\d{4}-\d\d-\d\dT\d\d:\d\d/.exec(iso ?? '')?.[0] ?? '';

/** To the next page, and from a later one back to the first. */
function paging(captures: readonly Capture[], query: ListQuery, pageSize: number): string {
  const address = (before: string | undefined): string => {
    const parameters = new URLSearchParams();
    for (const name of filterNames) {
      const value = query[name];
      if (value !== undefined) parameters.set(name, value);
    }
    if (before !== undefined) parameters.set('before', before);
    return parameters.size === 0 ? '/captures' : `/captures?${parameters.toString()}`;
  };
  const last = captures.at(-1);
  const links = [
    ...(query.before === undefined ? [] : [html`<a href="${address(undefined)}">Newest captures</a>`]),
    ...(last === undefined || captures.length < pageSize
      ? []
      : [html`<a href="${address(last.id)}" rel="next">Older captures</a>`]),
  ];
  return links.length === 0 ? '' : html`<nav class="paging" aria-label="Pages">!${links.join(' · ')}</nav>`;
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
  const command = [
    `curl -X POST ${base}/webhooks/alertmanager \\`,
    "  -H 'Content-Type: application/json' -H 'Authorization: Bearer TOKEN' \\",
    `  -d '${body}'`,
  ].join('\n');
  return html`<section class="empty">
    <h2>No captures yet: send the first alert</h2>
    <p>Point an Alertmanager receiver or a Grafana contact point at this server, or try it by hand:</p>
    <pre tabindex="0">${command}</pre>
    <p>
      Leave out the Authorization header if no secret is configured. The response says what happened to the
      alert, and the capture appears here.
    </p>
  </section>`;
}

function when(capture: Capture): string {
  const iso = capture.timeline.receivedAt ?? capture.alert.startsAt;
  return iso.slice(0, 19).replace('T', ' ');
}
