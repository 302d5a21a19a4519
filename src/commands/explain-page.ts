import { z } from 'zod';
import { containerLeads, describeContainerLead } from '../alerts/container-labels.ts';
import { describeLead } from '../alerts/lead.ts';
import { describeFinding } from '../captures/stages/look-ahead.ts';
import type { Target } from '../captures/target.ts';
import type { Configuration } from '../config/load.ts';
import { describeReason, type Reason } from '../reasons/failure.ts';
import type { Explanation } from '../routing/explain.ts';
import type { PanelQuery } from '../routing/panel.ts';
import type { SentRequest } from './explain-requests.ts';
import type { Outlook } from './explain-target.ts';

/** All that `explain` has to say about an alert. */
export interface Explained {
  explanation: Explanation;
  finding: Outlook;
  sent: readonly SentRequest[];
  /** What a capture would ask and run, in order. */
  commands: readonly string[];
  /** The alert will have further labels, which are not known. */
  moreLabels: boolean;
  /** null: no panel was looked for. */
  suggested: readonly PanelQuery[] | null;
}

const nameSchema = z.object({ name: z.string() });

/** Only a running flamepin knows these. */
const unchecked = 'duplicates, cooldowns, blocks and pauses: they are in the ledger of serve';

/** For `--json`: the decision, the target with the keys that a capture has, and each reason in words. */
export function jsonOf({ explanation, finding, sent, commands, moreLabels, suggested }: Explained): unknown {
  const { alert, outcome, route, closest, event, target, wanted, panel, expression } = explanation;
  const reason = answered(explanation, finding);
  const refusal = failureOf(finding)?.reason ?? null;
  const found = finding.result === 'found' ? finding.target : null;
  return {
    alert,
    outcome,
    reason: described(reason ?? refusal),
    route,
    closest,
    event,
    target: target === null ? null : { ...target, ...keysOf(found) },
    finding: { result: finding.result, end: endOf(finding), reason: described(refusal) },
    wanted,
    moreLabels,
    panel,
    expression,
    asked: sent,
    commands,
    suggested,
  };
}

function keysOf(found: Target | null) {
  return {
    uri: found?.uri ?? null,
    name: found?.name ?? null,
    workload: found?.workload ?? null,
    node: found?.node ?? null,
    image: found?.image ?? null,
    choice: found?.choice ?? null,
  };
}

/** For people. */
export function pageOf(explained: Explained, limits: Configuration['limits']): string {
  const { explanation } = explained;
  const { alert, panel } = explanation;
  const rows: Row[] = [
    ...outcomeRows(explained),
    ...(explained.moreLabels ? [unknownLabels] : []),
    ...routeRows(explanation),
    ...ladderRows(explanation),
    ...targetRows(explained),
    ...windowRows(explanation, limits),
    ...askedRows(explained),
    ...explained.commands.map((command): Row => ['command', command]),
    [
      'panel',
      panel === null
        ? 'unknown'
        : `${panel.dashboardUid} / ${panel.panelId ?? 'whole dashboard'} (${panel.foundBy})`,
    ],
    ...suggestionRows(explained.suggested),
  ];
  const title = `${alert.labels['alertname'] ?? 'alert'} ${alert.fingerprint} (${alert.status})`;
  return `${printable(title)}\n${rows.map(([name, value]) => `  ${name.padEnd(13)}${printable(value)}`).join('\n')}\n`;
}

type Row = [name: string, value: string];

const unknownLabels: Row = [
  'labels',
  'only those that the rule sets or its expression pins with =; labels of its series may change all of this',
];

/** The reason that serve gives; in mode observe it says what was found, once serve has looked for it. */
function answered({ outcome, reason }: Explanation, finding: Outlook): Reason | null {
  return outcome === 'observed' && reason !== null && finding.result !== 'not-looked-for'
    ? { ...reason, detail: describeFinding(finding) }
    : reason;
}

function outcomeRows({ explanation, finding }: Explained): Row[] {
  const { outcome, target } = explanation;
  const rows: Row[] = [['outcome', outcome], ...reasonRows(answered(explanation, finding))];
  // The reason has said what would have come of it.
  if (outcome === 'observed' && finding.result !== 'not-looked-for') return rows;
  const failure = failureOf(finding);
  switch (finding.result) {
    case 'found':
      rows.push(['then', 'profiled, unless the checks in the target refuse it']);
      break;
    case 'refused':
      rows.push(['then', `${finding.end}: ${finding.failure.code}`]);
      break;
    case 'needs-exec':
      rows.push(['then', 'one of several is profiled; only the capture finds out which']);
      break;
    case 'unanswered':
      rows.push(['then', 'not known']);
      break;
    case 'not-looked-for':
      if (target !== null && (outcome === 'queued' || outcome === 'observed'))
        rows.push(['then', 'not known: the target was not looked for (--offline)']);
  }
  return [...rows, ...reasonRows(failure?.reason ?? null)];
}

function reasonRows(reason: Reason | null): Row[] {
  if (reason === null) return [];
  const { sentence, detail, remedy } = describeReason(reason);
  return [
    ['because', detail === '' ? sentence : `${sentence} (${detail})`],
    ['remedy', remedy],
  ];
}

function routeRows({ route, target }: Explanation): Row[] {
  const rows: Row[] = [];
  if (route !== null)
    rows.push([
      'route',
      `${route.name ?? `routes[${route.index}]`}: ${route.matchers.join(', ') || 'every alert'}`,
    ]);
  if (target !== null)
    rows.push(['target', `${target.kind}${target.process === null ? '' : `, process ~ ${target.process}`}`]);
  if (target?.sibling === true)
    rows.push([
      'sibling',
      'a healthy pod of the same workload is profiled in the same window, if one is eligible',
    ]);
  return rows;
}

/** What the labels say, and what is followed in which order. */
function ladderRows(explanation: Explanation): Row[] {
  const { alert, target, wanted } = explanation;
  const leads =
    target?.kind === 'kubernetes'
      ? wanted.leads.map(describeLead)
      : target?.kind === 'docker'
        ? containerLeads(alert.labels).map(describeContainerLead)
        : [];
  return [
    ['labels say', labelWords(explanation)],
    ...leads.map((lead, at): Row => [at === 0 ? 'looked for' : 'else', lead]),
  ];
}

function targetRows({ explanation: { target }, finding }: Explained): Row[] {
  const rows: Row[] = [];
  if (finding.result === 'found') {
    const { uri, node, workload, choice } = finding.target;
    rows.push(['found', `${uri}${node === '' ? '' : ` on ${node}`}, of ${workload}`]);
    if (choice !== '') rows.push(['chosen', choice]);
    if (target !== null && target.kind !== 'host') rows.push(['process', processWords(target.process)]);
  }
  if (target !== null) rows.push(['cooldown key', target.workloadKey]);
  return rows;
}

/** Which JVM of several in a container, only the capture sees. */
function processWords(pattern: string | null): string {
  const which = pattern === null ? 'the JVM in it' : `the JVM in it whose command line matches ${pattern}`;
  return `${which}, the busiest if there are several: only the capture looks, explain runs nothing there`;
}

function windowRows({ event, route }: Explanation, limits: Configuration['limits']): Row[] {
  const rows: Row[] = [];
  if (event !== null) rows.push(['event', `${event.event} (${event.because})`]);
  if (route !== null)
    rows.push(
      ['window', `${route.durationSeconds} s, then no other for ${route.cooldownSeconds} s on that workload`],
      [
        'limits',
        `${limits.total} at once, ${limits.perNode} per node, skipped after waiting ${limits.deadline / 1000} s`,
      ],
      ['not checked', unchecked],
    );
  return rows;
}

function suggestionRows(suggested: Explained['suggested']): Row[] {
  if (suggested?.length === 0) return [['suggestion', "none: no panel that was read has the rule's query"]];
  return (suggested ?? []).map(({ dashboardUid, panelId, title }) => [
    'suggestion',
    `${dashboardUid} / ${panelId} "${title}" has the rule's query; if it is the right panel, add it under grafana.panels`,
  ]);
}

/** Fields of `Wanted` whose own names say little; the others are printed as they are. */
const fieldWords: Readonly<Record<string, string>> = {
  engineContainer: 'container name',
  hpa: 'autoscaler',
  podGuess: 'pod or other id',
  podIp: 'pod address',
};

/** `pod checkout-7d9f (label pod), uri /checkout (label uri)` */
function labelWords({ wanted, alert: { labels } }: Explanation): string {
  const words = Object.entries(wanted.from).map(([field, label]) => {
    const value = saidOf(wanted, field);
    const said = `${fieldWords[field] ?? field} ${value}`;
    // What the route or the configuration says has no label.
    if (!Object.hasOwn(labels, label)) return `${said} (${label})`;
    // The namespace of a service behind a proxy has a label of its own.
    const own = (labels[label] ?? '').includes(value);
    const from = own ? label : (Object.keys(labels).find((name) => labels[name] === value) ?? label);
    return `${said} (label ${from})`;
  });
  return words.length === 0 ? 'nothing that leads to a JVM' : words.join(', ');
}

function saidOf(wanted: Explanation['wanted'], field: string): string {
  const value = Object.entries(wanted).find(([name]) => name === field)?.[1] as unknown;
  return typeof value === 'string' ? value : (nameSchema.safeParse(value).data?.name ?? '');
}

function askedRows({ explanation, finding, sent }: Explained): Row[] {
  const { target } = explanation;
  if (finding.result === 'not-looked-for' || target?.kind === 'host') return [];
  return sent.length === 0
    ? [['asked', 'nothing new']]
    : sent.map((request) => ['asked', sentWords(request)]);
}

function sentWords({ method, url, status, failure }: SentRequest): string {
  return `${method} ${url}${failure === null ? (status === null ? '' : `: ${status}`) : `: ${failure}`}`;
}

function failureOf(finding: Outlook) {
  return 'failure' in finding ? finding.failure : null;
}

function endOf(finding: Outlook): string | null {
  return finding.result === 'refused' ? finding.end : null;
}

function described(reason: Reason | null) {
  return reason === null ? null : { ...reason, ...describeReason(reason) };
}

/** Label values are hostile text: control characters would drive the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
}
