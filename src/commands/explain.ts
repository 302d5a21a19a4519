import { readFileSync } from 'node:fs';
import { describeLead } from '../alerts/lead.ts';
import { parseNotification } from '../alerts/notification.ts';
import { loadConfiguration, type Configuration } from '../config/load.ts';
import { asFailure, describeReason, Failure } from '../reasons/failure.ts';
import { commandsOf } from './explain-commands.ts';
import { explainDecision, type Explanation } from '../routing/explain.ts';
import { thisHost } from '../targets/host/this-host.ts';
import { suggestPanels, type PanelQuery } from '../routing/panel.ts';

/** Reading up to 50 dashboards, milliseconds. */
const suggestMs = 30_000;

export interface ExplainOptions {
  config?: string;
  json: boolean;
  /** Look in Grafana for the panel of an alert that names none. */
  suggest: boolean;
}

/** What is printed of an alert. */
interface Told extends Explanation {
  /** What would be asked and run, in order. */
  commands: string[];
  /** null: no panel was looked for. */
  suggested: PanelQuery[] | null;
}

/**
 * `flamepin explain NOTIFICATION.json`: for each alert the route, target, event and why, limits, commands, panel and how
 * it was found. Touches nothing, and sends no request unless panels are to be suggested. Duplicates and cooldowns, which only the
 * ledger knows, are not checked.
 */
export async function explain(path: string, options: ExplainOptions): Promise<void> {
  const secrets = options.suggest ? 'needed' : 'ignored';
  const configuration = loadConfiguration(options.config, undefined, { secrets });
  const notification = parseNotification(readBody(path), { source: 'explain', sender: 'alertmanager' });
  for (const warning of notification.warnings) process.stderr.write(`${warning}\n`);
  const machine = thisHost(configuration.targets.host.names);
  const decided = notification.alerts.map((alert) =>
    explainDecision(alert, {
      mode: configuration.mode,
      paused: false,
      routes: configuration.routes,
      targets: configuration.targets,
      machine,
      labels: configuration.labels,
      panels: configuration.grafana?.panels ?? [],
    }),
  );
  const queries = options.suggest ? await panelQueriesFor(decided, configuration) : null;
  const explanations = decided.map((explanation): Told => {
    const looked = queries !== null && explanation.panel === null;
    const suggested = looked ? suggestPanels(explanation.alert.generatorUrl, queries) : null;
    return { ...explanation, commands: commandsOf(explanation, configuration), suggested };
  });
  if (options.json) {
    process.stdout.write(`${JSON.stringify(explanations, null, 2)}\n`);
    return;
  }
  const { limits } = configuration;
  const limitWords = `${limits.total} at once, ${limits.perNode} per node, skipped after waiting ${limits.deadline / 1000} s`;
  process.stdout.write(explanations.map((explanation) => block(explanation, limitWords)).join('\n'));
}

/** Null, with a message on stderr, if there is nothing to look for or Grafana cannot be asked. */
async function panelQueriesFor(
  explanations: readonly Explanation[],
  { grafana, secrets }: Configuration,
): Promise<PanelQuery[] | null> {
  if (!explanations.some(({ panel, expression }) => panel === null && expression !== null)) return null;
  if (grafana === undefined) {
    process.stderr.write('No panel can be suggested: grafana is not configured.\n');
    return null;
  }
  const { panelQueries } = await import('../annotations/panel-queries.ts');
  const token = () => Promise.resolve(secrets.grafanaToken?.read() ?? '');
  try {
    return await panelQueries({ url: grafana.url, token }, AbortSignal.timeout(suggestMs));
  } catch (error) {
    const { sentence, detail, remedy } = describeReason(asFailure(error).reason);
    process.stderr.write(`No panel can be suggested: ${sentence} (${detail}) ${remedy}\n`);
    return null;
  }
}

function readBody(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new Failure('file-unreadable', { detail: path, cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('notification-malformed', { detail: `${path} is not JSON`, cause: error });
  }
}

function block(explanation: Told, limitWords: string): string {
  const { alert, outcome, reason, route, event, target, panel } = explanation;
  const rows: [string, string][] = [['outcome', outcome]];
  if (reason !== null) {
    const { sentence, detail, remedy } = describeReason(reason);
    rows.push(['because', detail === '' ? sentence : `${sentence} (${detail})`], ['remedy', remedy]);
  }
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
  rows.push(['labels say', labelWords(explanation)]);
  if (target?.kind === 'kubernetes')
    for (const [at, lead] of explanation.wanted.leads.entries())
      rows.push([at === 0 ? 'looked for' : 'else', describeLead(lead)]);
  if (target !== null) rows.push(['cooldown key', target.workloadKey]);
  if (event !== null) rows.push(['event', `${event.event} (${event.because})`]);
  if (route !== null)
    rows.push(
      ['window', `${route.durationSeconds} s, then no other for ${route.cooldownSeconds} s on that workload`],
      ['limits', limitWords],
    );
  for (const command of explanation.commands) rows.push(['command', command]);
  rows.push([
    'panel',
    panel === null
      ? 'unknown'
      : `${panel.dashboardUid} / ${panel.panelId ?? 'whole dashboard'} (${panel.foundBy})`,
  ]);
  for (const { dashboardUid, panelId, title } of explanation.suggested ?? [])
    rows.push([
      'suggestion',
      `${dashboardUid} / ${panelId} "${title}" has the rule's query; if it is the right panel, add it under grafana.panels`,
    ]);
  if (explanation.suggested?.length === 0)
    rows.push(['suggestion', "none: no panel that was read has the rule's query"]);
  const title = `${alert.labels['alertname'] ?? 'alert'} ${alert.fingerprint} (${alert.status})`;
  return `${printable(title)}\n${rows.map(([name, value]) => `  ${name.padEnd(13)}${printable(value)}`).join('\n')}\n`;
}

/** `pod checkout-7d9f (label pod), uri /checkout (label uri)` */
function labelWords({ wanted, alert }: Explanation): string {
  const words = Object.entries(wanted.from).map(
    ([field, label]) => `${field} ${alert.labels[label] ?? ''} (label ${label})`,
  );
  return words.length === 0 ? 'nothing that leads to a JVM' : words.join(', ');
}

/** Label values are hostile text: control characters would drive the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
}
