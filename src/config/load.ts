import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { ConfigurationError, problemsOf, type Problem } from './problems.ts';
import { settingsSchema, type Settings } from './schema.ts';
import { fileSecret, fixedSecret, type Secret } from './secrets.ts';
import { environmentName, readSources, refuseOpenSources, type FindSecret, type Source } from './sources.ts';
import type { TargetKind } from '../captures/target-kinds.ts';
import type { TargetSettings } from './target-settings.ts';
import { gatherTargets } from './targets.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that was configured: valid, with defaults, durations in milliseconds and sizes in bytes. */
export interface Configuration extends Omit<Settings, 'sources' | 'targets'> {
  /** The file's path, or `built-in defaults`. */
  origin: string;
  sources: Source[];
  /** Settings of every kind of target; only those of `targetKinds` are in use, and only their adapters are loaded. */
  targets: TargetSettings;
  targetKinds: TargetKind[];
  secrets: {
    grafanaToken: Secret | null;
    prometheusToken: Secret | null;
    prometheusPassword: Secret | null;
    recordingsToken: Secret | null;
    capturesToken: Secret | null;
  };
  /** Where downloads are kept: $FLAMEPIN_CACHE, else $XDG_CACHE_HOME/flamepin, else ~/.cache/flamepin. */
  cacheDirectory: string;
  /** $SSH_AUTH_SOCK, the agent that ssh asks for keys; null: none. */
  sshAgent: string | null;
  /** What is allowed but probably not meant; for the log and `doctor`. */
  warnings: string[];
}

/** Whom a command asks, and so which secrets it needs; Grafana is asked `if-possible` where its answer is not essential. */
export type SecretUse = 'grafana' | 'grafana-if-possible' | 'prometheus';

/** Without a file there is one route: every alert leads to the busiest JVM of this machine. Loopback only. */
const trial = { routes: [{ name: 'trial', matchers: [], target: { host: {} } }] };

/** A configuration is a few pages; more is the wrong file. */
const largestFile = 4 * 1024 * 1024;

/**
 * Reads the configuration file (none: built-in defaults, with SQLite and files under ./data), its secrets and the
 * environment, which nothing else in flamepin reads. With a list of `secrets` only those are read and the others are
 * null: for commands such as `explain`, which may run away from the machine that holds the secrets. Throws
 * ConfigurationError with every problem found.
 */
export function loadConfiguration(
  path: string | undefined,
  environment: Environment = process.env,
  options: { secrets: 'all' | readonly SecretUse[] } = { secrets: 'all' },
): Configuration {
  const origin = path ?? 'built-in defaults';
  const parsed = settingsSchema.safeParse(path === undefined ? trial : readYaml(path), { reportInput: true });
  if (!parsed.success) throw new ConfigurationError(origin, problemsOf(parsed.error));
  const settings = parsed.data;

  const problems: Problem[] = [];
  const report = (problem: Problem) => void problems.push(problem);
  const findSecret = secretFinder(environment, report);
  const required = (keyPath: string, file: string | undefined): Secret | null => {
    const before = problems.length;
    const secret = findSecret(keyPath, file);
    if (secret === null && problems.length === before)
      report({
        path: keyPath,
        what: 'the secret is missing',
        remedy: `Set its file, or ${environmentName(keyPath)}.`,
      });
    return secret;
  };

  const { grafana, prometheus, access } = settings;
  const grafanaToken = (): Secret | null =>
    grafana === undefined ? null : required('grafana.tokenFile', grafana.tokenFile);
  const prometheusSecrets = (): Pick<Configuration['secrets'], 'prometheusToken' | 'prometheusPassword'> => ({
    prometheusToken:
      prometheus === undefined ? null : findSecret('prometheus.bearerTokenFile', prometheus.bearerTokenFile),
    prometheusPassword:
      prometheus?.basic === undefined
        ? null
        : required('prometheus.basic.passwordFile', prometheus.basic.passwordFile),
  });
  if (options.secrets !== 'all') {
    const secrets = {
      ...noSecrets,
      ...(options.secrets.includes('grafana') && { grafanaToken: grafanaToken() }),
      ...(options.secrets.includes('grafana-if-possible') && {
        grafanaToken: grafana === undefined ? null : findSecret('grafana.tokenFile', grafana.tokenFile),
      }),
      ...(options.secrets.includes('prometheus') && prometheusSecrets()),
    };
    return assemble(origin, settings, environment, { sources: [], secrets }, problems);
  }
  const sources = readSources(settings, findSecret, report);
  problems.push(...refuseOpenSources(settings.server.host, sources));
  const secrets = {
    grafanaToken: grafanaToken(),
    ...prometheusSecrets(),
    recordingsToken: findSecret('access.recordingsTokenFile', access.recordingsTokenFile),
    capturesToken: findSecret('access.capturesTokenFile', access.capturesTokenFile),
  };
  return assemble(origin, settings, environment, { sources, secrets }, problems);
}

const noSecrets: Configuration['secrets'] = {
  grafanaToken: null,
  prometheusToken: null,
  prometheusPassword: null,
  recordingsToken: null,
  capturesToken: null,
};

function assemble(
  origin: string,
  settings: Settings,
  environment: Environment,
  guarded: Pick<Configuration, 'sources' | 'secrets'>,
  problems: Problem[],
): Configuration {
  const targets = gatherTargets(settings, (problem) => void problems.push(problem));
  if (problems.length > 0) throw new ConfigurationError(origin, problems);
  return {
    ...settings,
    ...guarded,
    origin,
    targets: targets.settings,
    targetKinds: targets.kinds,
    cacheDirectory: cacheDirectory(environment),
    sshAgent: environment['SSH_AUTH_SOCK'] ?? null,
    warnings: warningsOf(settings),
  };
}

function readYaml(path: string): unknown {
  const fail = (what: string, remedy: string): never => {
    throw new ConfigurationError(path, [{ path: '', what, remedy }]);
  };
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    fail(
      `the file cannot be read (${error instanceof Error ? error.message : String(error)})`,
      'Check --config and the permissions of the file.',
    );
  }
  if (text.length > largestFile) fail('the file is larger than 4 MiB', 'Check --config.');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0)
    throw new ConfigurationError(
      path,
      document.errors.map(({ message, pos }) => {
        const { line, col } = lines.linePos(pos[0]);
        return { path: `line ${line}, column ${col}`, what: 'not YAML', remedy: message };
      }),
    );
  try {
    return (document.toJS({ maxAliasCount: 100 }) as unknown) ?? {};
  } catch (error) {
    return fail('not usable YAML', error instanceof Error ? error.message : String(error));
  }
}

/**
 * Kubernetes sets FLAMEPIN_PORT, FLAMEPIN_SERVICE_HOST and the like in pods when a Service is called flamepin; so
 * only the exact names of secrets are looked at, and other variables are not taken for mistakes.
 */
function secretFinder(environment: Environment, report: (problem: Problem) => void): FindSecret {
  return (keyPath, file) => {
    const variable = environmentName(keyPath);
    const text = environment[variable]?.trim() ?? '';
    if (file === undefined) return text === '' ? null : fixedSecret(text, variable);
    if (text !== '') {
      report({ path: keyPath, what: `${variable} is set as well`, remedy: 'Keep one of the two.' });
      return null;
    }
    try {
      return fileSecret(file);
    } catch (error) {
      report({
        path: keyPath,
        what: `the secret cannot be read (${error instanceof Error ? error.message : String(error)})`,
        remedy: 'Check the path, and that flamepin may read it.',
      });
      return null;
    }
  };
}

function cacheDirectory(environment: Environment): string {
  const own = environment['FLAMEPIN_CACHE'];
  if (own !== undefined && own !== '') return own;
  const shared = environment['XDG_CACHE_HOME'];
  if (shared !== undefined && shared !== '') return join(shared, 'flamepin');
  const home = environment['HOME'];
  return join(home === undefined || home === '' ? homedir() : home, '.cache', 'flamepin');
}

function warningsOf(settings: Settings): string[] {
  const warnings: string[] = [];
  if (settings.routes.length === 0)
    warnings.push('There are no routes: every alert will be recorded as unrouted.');
  for (const [index, route] of settings.routes.entries())
    if (route.matchers.length === 0 && index < settings.routes.length - 1)
      warnings.push(`routes[${index}] matches every alert: the routes after it are never reached.`);
  if (settings.grafana !== undefined && settings.server.publicUrl === undefined)
    warnings.push('server.publicUrl is not set: annotations cannot have a lasting link to the flame graph.');
  if (settings.retention.recordings > settings.retention.profiles)
    warnings.push(
      'retention.recordings is longer than retention.profiles: recordings would outlive their captures.',
    );
  return warnings;
}
