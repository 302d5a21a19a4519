import { placeholdersOf } from '../config/link-template.ts';
import { loadConfiguration, type Configuration } from '../config/load.ts';
import { ConfigurationError } from '../config/problems.ts';
import { openLedger } from '../serve/open-ledger.ts';
import { openTargets } from '../serve/open-targets.ts';
import { prometheusAccess } from '../serve/prometheus-access.ts';
import { obtainPayloads } from '../profiler/obtain.ts';
import { profilerVersion } from '../profiler/pinned.ts';
import { asFailure, describeReason, Failure } from '../reasons/failure.ts';
import type { CheckResult } from '../captures/target.ts';
import { deadlineMs, get } from './doctor-ask.ts';
import { grafanaChecks } from './doctor-grafana.ts';
import { lookAtInventory } from './doctor-inventory.ts';
import { lookAtLimits } from './doctor-limits.ts';
import { prometheusChecks } from './doctor-prometheus.ts';
import { lookAtStore } from './doctor-store.ts';
import type { Check } from './doctor-check.ts';

/**
 * `flamepin doctor`: permissions, connections, clocks and limits, one line each, with the remedy under what fails. Resolves
 * to false when a check fails. Touches no target; writes and deletes one small object in the store.
 */
export async function doctor(options: { config?: string; json: boolean }): Promise<boolean> {
  const configuration = loadConfiguration(options.config);
  const results: CheckResult[] = [
    { what: 'configuration', ok: true, detail: configuration.origin, remedy: '' },
  ];
  for (const warning of configuration.warnings)
    results.push({ what: 'configuration', ok: true, detail: warning, remedy: '' });
  results.push(...(await Promise.all(checks(configuration).map(run))).flat());
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else for (const result of results) process.stdout.write(line(result));
  return results.every(({ ok }) => ok);
}

function checks(configuration: Configuration): Check[] {
  const { server } = configuration;
  const all: Check[] = [
    { what: 'ledger', look: () => lookAtLedger(configuration) },
    { what: `store (${configuration.storage.kind})`, look: () => lookAtStore(configuration) },
    { what: 'limits', look: () => Promise.resolve(lookAtLimits(configuration)) },
    {
      what: 'async-profiler',
      look: async () => {
        const payload = await obtainPayloads(
          configuration.profiler.directory ?? null,
          configuration.cacheDirectory,
        )('linux-x64');
        return `${profilerVersion} for ${payload.architecture}, SHA-256 as pinned`;
      },
    },
    ...configuration.targetKinds.map((kind) => ({
      what: `targets (${kind})`,
      look: () => lookAtTargets(kind, configuration),
    })),
  ];
  if (configuration.targets.ssh.inventory.length > 0)
    all.push({ what: 'inventory', look: () => lookAtInventory(configuration) });
  if (server.publicUrl !== undefined) {
    const url = server.publicUrl;
    all.push({ what: 'public URL', look: () => lookAtPublicUrl(url) });
  }
  all.push(...prometheusChecks(prometheusAccess(configuration)), ...grafanaChecks(configuration));
  for (const template of configuration.links)
    all.push({
      what: `link (${template.name})`,
      look: () => Promise.resolve(linkWords(placeholdersOf(template))),
    });
  return all;
}

async function run({ what, look }: Check): Promise<CheckResult[]> {
  try {
    const seen = await look();
    return typeof seen === 'string' ? [{ what, ok: true, detail: seen, remedy: '' }] : seen;
  } catch (error) {
    if (error instanceof ConfigurationError)
      return error.problems.map((problem) => ({
        what,
        ok: false,
        detail: `${problem.path}: ${problem.what}`,
        remedy: problem.remedy,
      }));
    const { sentence, detail, remedy } = describeReason(asFailure(error).reason);
    return [{ what, ok: false, detail: detail === '' ? sentence : `${sentence} (${detail})`, remedy }];
  }
}

async function lookAtLedger(configuration: Configuration): Promise<string> {
  try {
    const ledger = openLedger(configuration);
    const counts = await ledger.counts();
    const blocks = await ledger.blocks();
    const spooled = await ledger.spooled();
    await ledger.close();
    return `${counts.done} done, ${counts.failed} failed, ${counts.queued} waiting, ${blocks.length} blocked, ${spooled.captures} waiting for the store (${mebibytes(spooled.bytes)} of at most ${mebibytes(spooled.limitBytes)} MiB)`;
  } catch (error) {
    if (asFailure(error).code === 'ledger-locked') return 'in use by a running flamepin';
    throw error;
  }
}

const mebibytes = (bytes: number): number => Math.ceil(bytes / 1024 ** 2);

async function lookAtTargets(
  kind: Configuration['targetKinds'][number],
  configuration: Configuration,
): Promise<string | CheckResult[]> {
  const targets = openTargets(configuration);
  try {
    const adapter = await targets.get(kind);
    return (await adapter.check?.(AbortSignal.timeout(deadlineMs))) ?? 'available';
  } finally {
    await targets.close();
  }
}

/** From here; whether a phone reaches it, only a phone can tell. */
async function lookAtPublicUrl(url: string): Promise<string> {
  const response = await get(`${url}/healthz`, {});
  if ((await response.text()).trim() === 'ok') return `${url} answers`;
  throw new Failure('public-url-wrong', {
    detail: `${url}/healthz answers ${response.status}, but it is not flamepin`,
  });
}

/** Only how it is written: what it leads to, a person's session decides. */
function linkWords(placeholders: readonly string[]): string {
  const words = placeholders.length === 0 ? 'well formed' : `well formed; uses ${placeholders.join(', ')}`;
  return placeholders.some((name) => /^(from|to)/.test(name))
    ? words
    : `${words}; it has no time placeholder, so it opens at the current time instead of the window`;
}

function line({ what, ok, detail, remedy }: CheckResult): string {
  const mark = ok ? '✓' : '✗';
  return `${mark} ${what}: ${detail}\n${ok || remedy === '' ? '' : `    ${remedy}\n`}`;
}
