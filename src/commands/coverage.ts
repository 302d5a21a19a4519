import type { HostInventory } from '../alerts/host-inventory.ts';
import { loadConfiguration, type Configuration } from '../config/load.ts';
import { ConfigurationError } from '../config/problems.ts';
import { judgeRule, routeForAll, type Judging } from '../coverage/judge-rule.ts';
import { countFirings } from '../coverage/firings.ts';
import type { Judgement, Verdict } from '../coverage/judgement.ts';
import { recordedBy } from '../coverage/recorded.ts';
import { coverageReport } from '../coverage/report.ts';
import { noRules, type AlertingRule, type RecordingRule, type Rules } from '../coverage/rules.ts';
import { coverageText } from '../coverage/table.ts';
import { openInventory } from '../serve/open-inventory.ts';
import { grafanaRulesAccess, prometheusAccess } from '../serve/prometheus-access.ts';
import { routingRules } from '../serve/routing-rules.ts';
import type { GrafanaAccess } from '../targets/kubernetes/choice/grafana-rules.ts';
import type { PrometheusSettings } from '../targets/kubernetes/choice/prometheus.ts';
import { rulesOfCluster } from './coverage-cluster.ts';
import { rulesOfGrafana } from './coverage-grafana.ts';
import { observe, rulesOf, stepSeconds } from './coverage-prometheus.ts';
import { onStderr } from './on-stderr.ts';
import { writeOutput } from './output.ts';
import { readRuleFiles } from './rule-files.ts';

export interface CoverageOptions {
  config?: string;
  format: 'text' | 'json';
  /** Labels that Prometheus adds to every alert (`external_labels`). */
  label: Readonly<Record<string, string>>;
  /** Read the PrometheusRule objects of the cluster, instead of files. */
  cluster: boolean;
  /** Ask nobody: judge by the files alone. */
  offline: boolean;
  /** Verdicts that make the command fail. */
  failOn: readonly Verdict[];
}

/**
 * `flamepin coverage [RULES…]`: which alerting rules would lead to a capture, and what to change in the others. Captures
 * nothing, looks at no target, and asks Prometheus only to read. Resolves to false when a rule has a verdict of `failOn`.
 */
export async function coverage(files: readonly string[], options: CoverageOptions): Promise<boolean> {
  const configuration = loadConfiguration(options.config, undefined, {
    secrets: options.offline ? [] : ['grafana-if-possible', 'prometheus'],
  });
  const prometheus = options.offline ? undefined : prometheusAccess(configuration);
  const grafana = options.offline ? undefined : grafanaRulesAccess(configuration);
  const { alerting, recording } = options.cluster
    ? await ofCluster(configuration)
    : await rulesFrom(files, prometheus, grafana);
  const inventory = await openInventory(configuration, onStderr, options);
  const judging = judgingBy(configuration, inventory, recording, options);
  const { judgements, faults } = await judgeAll(alerting, judging, prometheus);
  const notes = [...notesOn(options), ...faults];
  await writeOutput(
    options.format === 'json'
      ? `${JSON.stringify(coverageReport(judgements, notes), null, 2)}\n`
      : coverageText(judgements, {
          width: terminalWidth(),
          notes,
          routes: options.config === undefined ? 'assumed' : 'configured',
        }),
    undefined,
  );
  return !judgements.some(({ verdict }) => options.failOn.includes(verdict));
}

function ofCluster({ targets }: Configuration): Promise<Rules> {
  const { kubeconfig = null, context = null, namespaces = null } = targets.kubernetes;
  return rulesOfCluster({ kubeconfig, context }, namespaces);
}

/** Of the files; without any, of Prometheus and of Grafana. */
async function rulesFrom(
  files: readonly string[],
  prometheus: PrometheusSettings | undefined,
  grafana: GrafanaAccess | undefined,
): Promise<Rules> {
  if (files.length > 0) return readRuleFiles(files);
  if (prometheus === undefined && grafana === undefined) throw noInput();
  const { alerting, recording } = prometheus === undefined ? noRules() : await rulesOf(prometheus);
  const managed = grafana === undefined ? noRules() : await rulesOfGrafana(grafana);
  return { alerting: [...alerting, ...managed.alerting], recording };
}

/** By the expressions alone, and then again by what Prometheus has of those that may be about a JVM. */
async function judgeAll(
  alerting: readonly AlertingRule[],
  judging: Judging,
  prometheus: PrometheusSettings | undefined,
): Promise<{ judgements: Judgement[]; faults: string[] }> {
  const judgements = alerting.map((rule) => judgeRule(rule, judging));
  if (prometheus === undefined) return { judgements, faults: [] };
  const worthAsking = judgements
    // A rule of Grafana may be about the series of another data source.
    .filter(({ rule }) => rule.sender === 'alertmanager')
    .filter(({ verdict }) => verdict !== 'not-a-jvm' && verdict !== 'unreadable')
    .map(({ rule }) => rule);
  const { rows, past, faults } = await observe(worthAsking, prometheus, new Date());
  const lastMonth = countFirings(past, judging.rules, judging.added, stepSeconds);
  const again = judgements.map((judgement): Judgement => {
    const { rule } = judgement;
    const seen = rows.get(rule);
    return {
      ...(seen === undefined ? judgement : judgeRule(rule, judging, seen)),
      lastMonth: lastMonth.get(rule) ?? null,
    };
  });
  return { judgements: again, faults };
}

/** Without a configuration, as if one route took every alert to Kubernetes: the built-in trial would profile this machine. */
function judgingBy(
  configuration: Configuration,
  inventory: HostInventory | null,
  recording: readonly RecordingRule[],
  { config, label }: CoverageOptions,
): Judging {
  const { targets } = configuration;
  const routes = config === undefined ? [routeForAll('kubernetes')] : configuration.routes;
  const rules = routingRules(configuration, inventory);
  return {
    rules: { ...rules, mode: 'capture', routes },
    surroundings: {
      kind: routes[0]?.target.kind ?? 'kubernetes',
      machine: rules.machine.names[0] ?? 'localhost',
      cluster: targets.kubernetes.cluster,
      namespaces: targets.kubernetes.namespaces,
    },
    recorded: recordedBy(recording),
    added: label,
  };
}

const notesOn = ({ config }: CoverageOptions): string[] =>
  config === undefined ? ['No --config: judged as if one route took every alert to Kubernetes.'] : [];

function noInput(): ConfigurationError {
  return new ConfigurationError('flamepin coverage', [
    {
      path: '',
      what: 'there are no rules to judge',
      remedy:
        'Pass rule files, - for stdin, or --cluster; or configure `prometheus` or `grafana` to read their rules.',
    },
  ]);
}

/** Columns of the terminal; of a pipe, as many as a wide one has. */
function terminalWidth(): number {
  const { columns } = process.stdout as { columns?: number };
  return Math.min(Math.max(columns ?? 120, 60), 200);
}
