import type { Configuration } from '../config/load.ts';
import { loadConfiguration } from '../config/load.ts';
import { ConfigurationError } from '../config/problems.ts';
import { judgeRule, routeForAll, type Judging } from '../coverage/judge-rule.ts';
import type { Verdict } from '../coverage/judgement.ts';
import { recordedBy } from '../coverage/recorded.ts';
import { coverageReport } from '../coverage/report.ts';
import type { RecordingRule } from '../coverage/rules.ts';
import { coverageText } from '../coverage/table.ts';
import { thisHost } from '../targets/host/this-host.ts';
import { writeOutput } from './output.ts';
import { readRuleFiles } from './rule-files.ts';

export interface CoverageOptions {
  config?: string;
  format: 'text' | 'json';
  /** Labels that Prometheus adds to every alert (`external_labels`). */
  label: Readonly<Record<string, string>>;
  /** Verdicts that make the command fail. */
  failOn: readonly Verdict[];
}

/**
 * `flamepin coverage [RULES…]`: which alerting rules would lead to a capture, and what to change in the others. Captures
 * nothing and looks at no target. Resolves to false when a rule has a verdict of `failOn`.
 */
export async function coverage(files: readonly string[], options: CoverageOptions): Promise<boolean> {
  const configuration = loadConfiguration(options.config, undefined, { secrets: 'ignored' });
  if (files.length === 0) throw noInput();
  const { alerting, recording } = readRuleFiles(files);
  const judging = judgingBy(configuration, recording, options);
  const judgements = alerting.map((rule) => judgeRule(rule, judging));
  const notes = notesOn(options);
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

/** Without a configuration, as if one route took every alert to Kubernetes: the built-in trial would profile this machine. */
function judgingBy(
  configuration: Configuration,
  recording: readonly RecordingRule[],
  { config, label }: CoverageOptions,
): Judging {
  const { targets, labels, grafana } = configuration;
  const routes = config === undefined ? [routeForAll('kubernetes')] : configuration.routes;
  const machine = thisHost(targets.host.names);
  return {
    rules: {
      mode: 'capture',
      paused: false,
      routes,
      targets,
      machine,
      labels,
      panels: grafana?.panels ?? [],
    },
    surroundings: {
      kind: routes[0]?.target.kind ?? 'kubernetes',
      machine: machine.names[0] ?? 'localhost',
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
      remedy: 'Name rule files, or - for stdin.',
    },
  ]);
}

/** Columns of the terminal; of a pipe, as many as a wide one has. */
function terminalWidth(): number {
  const { columns } = process.stdout as { columns?: number };
  return Math.min(Math.max(columns ?? 120, 60), 200);
}
