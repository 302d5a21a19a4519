import { readFileSync } from 'node:fs';
import { parseNotification } from '../alerts/notification.ts';
import { loadConfiguration } from '../config/load.ts';
import { describeReason, Failure } from '../reasons/failure.ts';
import { explainDecision, type Explanation } from '../routing/explain.ts';

/**
 * `flamepin explain NOTIFICATION.json`: for each alert the route, target, event and why, limits, panel and how it was
 * found. Touches nothing; duplicates and cooldowns, which only the ledger knows, are not looked at.
 */
export async function explain(path: string, options: { config?: string; json: boolean }): Promise<void> {
  const configuration = loadConfiguration(options.config, undefined, { secrets: 'ignored' });
  const notification = parseNotification(readBody(path), { source: 'explain', sender: 'alertmanager' });
  for (const warning of notification.warnings) process.stderr.write(`${warning}\n`);
  const explanations = notification.alerts.map((alert) =>
    explainDecision(alert, {
      mode: configuration.mode,
      paused: false,
      routes: configuration.routes,
      targets: configuration.targets,
      panels: configuration.grafana?.panels ?? [],
    }),
  );
  if (options.json) {
    process.stdout.write(`${JSON.stringify(explanations, null, 2)}\n`);
    return;
  }
  const { limits } = configuration;
  const limitWords = `${limits.total} at once, ${limits.perNode} per node, skipped after ${limits.deadline / 1000} s of waiting`;
  process.stdout.write(explanations.map((explanation) => block(explanation, limitWords)).join('\n'));
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

function block(explanation: Explanation, limitWords: string): string {
  const { alert, outcome, reason, route, event, target, panel } = explanation;
  const rows: [string, string][] = [['outcome', outcome]];
  if (reason !== null) {
    const { sentence, detail, mend } = describeReason(reason);
    rows.push(['because', detail === '' ? sentence : `${sentence} (${detail})`], ['mend', mend]);
  }
  if (route !== null)
    rows.push([
      'route',
      `${route.name ?? `routes[${route.index}]`}: ${route.matchers.join(', ') || 'every alert'}`,
    ]);
  if (target !== null)
    rows.push(['target', `${target.kind}${target.process === null ? '' : `, process ~ ${target.process}`}`]);
  rows.push(['labels say', labelWords(explanation)]);
  if (target !== null) rows.push(['cooldown key', target.workloadKey]);
  if (event !== null) rows.push(['event', `${event.event} (${event.because})`]);
  if (route !== null)
    rows.push(
      ['window', `${route.durationSeconds} s, then none for ${route.cooldownSeconds} s on that workload`],
      ['limits', limitWords],
    );
  rows.push([
    'panel',
    panel === null
      ? 'unknown'
      : `${panel.dashboardUid} / ${panel.panelId ?? 'whole dashboard'} (${panel.foundBy})`,
  ]);
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
