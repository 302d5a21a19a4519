import { Command, CommanderError, Option } from 'commander';
import { ConfigurationError } from './config/problems.ts';
import { Failure, describeReason } from './reasons/failure.ts';
import { captureEvents, profileEvents } from './profile/sampling.ts';
import { addressForms } from './captures/target-kinds.ts';
import { httpUrl, label, seconds, targetUri, verdictsOf } from './commands/option-values.ts';
import { version } from './version.ts';
import type { CaptureOptions } from './commands/capture.ts';
import type { CompareOptions } from './commands/compare.ts';
import type { CoverageOptions } from './commands/coverage.ts';
import type { ExplainOptions } from './commands/explain.ts';
import type { ExplainInput } from './commands/explain-input.ts';
import type { LifecycleOptions } from './commands/lifecycle.ts';
import { exportFormats } from './profile/export/export-format.ts';
import type { RenderOptions } from './commands/render.ts';
import type { StoreOptions } from './commands/store.ts';

interface CommonOptions {
  config?: string;
  json: boolean;
}

/** Where `explain` gets its alerts, instead of a file. */
interface GivenAlerts {
  label?: Readonly<Record<string, string>>;
  alertmanager?: string;
  grafana?: boolean;
}

/** The work was done, but its result is that something is wrong (`doctor`): exit code 1 without another message. */
const failed = 1;
const wrongUsage = 2;

/**
 * The command line. Resolves to the exit code: 0 done, 1 the work failed, 2 wrong usage or configuration. Data goes
 * to stdout, errors to stderr. Each command is loaded when it is called: imports alone cost memory and time.
 */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  // A reader that has seen enough, such as `head`, is no error: the command still ends its work.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return;
      if (stream === process.stdout)
        process.stderr.write(`The output could not be written: ${error.message}\n`);
      process.exit(failed);
    });
  const program = new Command('flamepin')
    .description(
      'Turns an alert into a flame graph of the JVM behind it, pinned to the Grafana panel that alerted.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help shows the usage)');
  const configOption = (): Option =>
    new Option('--config <file>', 'configuration file; without one, the built-in defaults apply');

  program
    .command('serve')
    .description('receive alerts and profile the JVMs behind them')
    .addOption(configOption())
    .action(async (options: { config?: string }) => {
      const { serve } = await import('./serve/serve.ts');
      const { loadConfiguration } = await import('./config/load.ts');
      await serve(() => loadConfiguration(options.config));
    });

  program
    .command('capture')
    .description('profile one target now')
    .argument('<target>', addressForms, targetUri)
    .addOption(new Option('--event <event>', 'lead event').choices(captureEvents).default('cpu'))
    .addOption(
      new Option('--duration <duration>', 'length of the window').argParser(seconds).default(30, '30s'),
    )
    .addOption(new Option('--output <directory>', 'where the files go').default('.', 'this directory'))
    .option('--json', 'print JSON', false)
    .addOption(configOption())
    .action(async (target: string, options: CaptureOptions) => {
      const { capture } = await import('./commands/capture.ts');
      if (!(await capture(target, options))) code = failed;
    });

  program
    .command('render')
    .description('turn a recording into a picture or data')
    .argument('<recording>', 'JFR file, gzipped or not, or folded stacks; - for stdin, up to 512 MiB')
    .addOption(
      new Option('--event <event>', 'event; default: the first that it holds').choices(profileEvents),
    )
    .addOption(
      new Option('--format <format>', 'format')
        .choices(['html', 'svg', 'json', 'collapsed', ...exportFormats])
        .default('html'),
    )
    .option('--output <file>', 'output file; default: stdout')
    .action(async (recording: string, options: RenderOptions) => {
      const { render } = await import('./commands/render.ts');
      await render(recording, options);
    });

  program
    .command('compare')
    .description('show what changed between two recordings, with its uncertainty')
    .argument('<base>', 'recording of the healthy service')
    .argument('<current>', 'recording to explain')
    .addOption(
      new Option('--event <event>', 'event; default: the first that both hold').choices(profileEvents),
    )
    .addOption(
      new Option('--format <format>', 'format').choices(['text', 'json', 'html', 'svg']).default('text'),
    )
    .option('--output <file>', 'output file; default: stdout')
    .action(async (base: string, current: string, options: CompareOptions) => {
      const { compare } = await import('./commands/compare.ts');
      await compare(base, current, options);
    });

  program
    .command('explain')
    .description(
      'show what serve would answer to each alert, and the target it would find; reads only, runs nothing in a target',
    )
    .argument('[file]', 'webhook body, array from /api/v2/alerts, or file of alerting rules; - for stdin')
    .addOption(
      new Option('--label <name=value>', 'instead of a file: an alert with this label; repeatable').argParser(
        label,
      ),
    )
    .addOption(
      new Option('--alertmanager <url>', 'instead of a file: the alerts of this Alertmanager').argParser(
        httpUrl,
      ),
    )
    .option('--grafana', 'instead of a file: the alerts of the configured Grafana')
    .addOption(configOption())
    .option('--offline', 'decide only, and send no requests', false)
    .option('--json', 'print JSON', false)
    .option('--suggest', 'search Grafana for panels with the query of the alert rule; read-only', false)
    .addHelpText('after', '\nExits with 1 if a service did not answer: serve’s answer may then differ.')
    .action(async (path: string | undefined, options: ExplainOptions & GivenAlerts, command: Command) => {
      const given: (ExplainInput | null)[] = [
        path === undefined ? null : { from: 'file', path },
        options.label === undefined ? null : { from: 'labels', labels: options.label },
        options.alertmanager === undefined ? null : { from: 'alertmanager', url: options.alertmanager },
        options.grafana === true ? { from: 'grafana' } : null,
      ];
      const [input, another] = given.filter((each) => each !== null);
      if (input === undefined || another !== undefined)
        command.error('error: Pass one of: a file (- for stdin), --label, --alertmanager, --grafana.', {
          exitCode: wrongUsage,
        });
      const { explain } = await import('./commands/explain.ts');
      if (!(await explain(input, options))) code = failed;
    });

  program
    .command('coverage')
    .description('show which alerting rules would lead to a capture, and what to change in the others')
    .argument(
      '[rules...]',
      "rule files, or PrometheusRule objects; - for stdin; default: the configured Prometheus' own",
    )
    .addOption(configOption())
    .addOption(new Option('--format <format>', 'format').choices(['text', 'json']).default('text'))
    .addOption(
      new Option(
        '--label <name=value>',
        "label of every alert, as in Prometheus' external_labels; may be repeated",
      )
        .argParser(label)
        .default({}, 'none'),
    )
    .option('--cluster', 'instead of files: the PrometheusRule objects of the cluster', false)
    .addOption(
      new Option('--offline', 'judge by the rules alone; do not ask Prometheus')
        .default(false)
        .conflicts('cluster'),
    )
    .addOption(
      new Option(
        '--fail-on <verdicts>',
        'exit with 1 if a rule has one of these verdicts, separated by commas',
      )
        .argParser(verdictsOf)
        .default([], 'none'),
    )
    .action(async (rules: string[], options: CoverageOptions, command: Command) => {
      if (options.cluster && rules.length > 0)
        command.error('error: Pass rule files or --cluster, not both.', { exitCode: wrongUsage });
      const { coverage } = await import('./commands/coverage.ts');
      if (!(await coverage(rules, options))) code = failed;
    });

  program
    .command('doctor')
    .description('check permissions, connections, clocks and limits, each with its remedy')
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .action(async (options: CommonOptions) => {
      const { doctor } = await import('./commands/doctor.ts');
      if (!(await doctor(options))) code = failed;
    });

  program
    .command('lifecycle')
    .description(
      'print lifecycle rules that let the bucket expire artifacts, for you to merge; sends nothing',
    )
    .addOption(
      new Option('--by <what>', 'how the rules tell recordings from pictures')
        .choices(['prefix', 'tag'])
        .default('prefix'),
    )
    .addOption(configOption())
    .action(async (options: LifecycleOptions) => {
      const { lifecycle } = await import('./commands/lifecycle.ts');
      await lifecycle(options);
    });

  program
    .command('release')
    .description('allow a blocked image or workload to be profiled again; without a key, list the blocks')
    .argument('[key]', 'image digest or workload, as the list shows it')
    .addOption(configOption())
    .action(async (key: string | undefined, options: { config?: string }) => {
      const { release } = await import('./commands/release.ts');
      if (!(await release(key, options))) code = failed;
    });

  program
    .command('store')
    .description('have the running flamepin retry the store now, and print the captures that were waiting')
    .argument('[capture]', 'capture id; default: all that wait')
    .option('--url <url>', 'address of the running flamepin; default: the one in the configuration')
    .addOption(configOption())
    .action(async (id: string | undefined, options: StoreOptions) => {
      const { store } = await import('./commands/store.ts');
      if (!(await store(id, options))) code = failed;
    });

  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return explainError(error);
  }
}

function explainError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : wrongUsage;
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${error.message}\n`);
    return wrongUsage;
  }
  if (error instanceof Failure) {
    const { sentence, detail, remedy } = describeReason(error.reason);
    process.stderr.write(`${sentence}${detail === '' ? '' : `\n  ${detail}`}\n  ${remedy}\n`);
    return failed;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return failed;
}
