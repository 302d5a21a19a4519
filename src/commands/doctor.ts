import { inspectPanel } from '../annotations/grafana.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { loadConfiguration, type Configuration } from '../config/load.ts';
import { openLedger } from '../open-ledger.ts';
import { openStore } from '../open-store.ts';
import { openTargets } from '../open-targets.ts';
import { obtainPayloads } from '../profiler/obtain.ts';
import { asFailure, describeReason, Failure } from '../reasons/failure.ts';
import type { CheckResult } from '../targets/target.ts';

/** Each check is given this long, milliseconds; obtaining async-profiler the first time takes longer. */
const deadlineMs = 15_000;
/** HTTP dates have whole seconds, and signatures bear five minutes. */
const clockToleranceMs = 30_000;

/**
 * `flamepin doctor`: rights, connections, clocks and limits, a line each, with its mend under what fails. Resolves
 * to false when a check fails. Touches no target; writes and deletes one small object in the store.
 */
export async function doctor(options: { config?: string; json: boolean }): Promise<boolean> {
  const configuration = loadConfiguration(options.config);
  const results: CheckResult[] = [
    { what: 'configuration', ok: true, detail: configuration.origin, mend: '' },
  ];
  for (const warning of configuration.warnings)
    results.push({ what: 'configuration', ok: true, detail: warning, mend: '' });
  results.push(...(await Promise.all(checks(configuration).map(run))).flat());
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else for (const result of results) process.stdout.write(line(result));
  return results.every(({ ok }) => ok);
}

interface Check {
  what: string;
  /** Resolves to what was seen, or to lines of its own; rejects with a Failure. */
  look(): Promise<string | CheckResult[]>;
}

function checks(configuration: Configuration): Check[] {
  const { grafana, prometheus, server, secrets } = configuration;
  const all: Check[] = [
    { what: 'ledger', look: () => lookAtLedger(configuration) },
    { what: `store (${configuration.storage.kind})`, look: () => lookAtStore(configuration) },
    {
      what: 'async-profiler',
      look: async () => {
        const payload = await obtainPayloads(
          configuration.profiler.directory ?? null,
          configuration.cacheDirectory,
        )('linux-x64');
        return `4.5 for ${payload.architecture}, SHA-256 as pinned`;
      },
    },
    ...configuration.targetKinds.map((kind) => ({
      what: `targets (${kind})`,
      look: () => lookAtTargets(kind, configuration),
    })),
  ];
  if (server.publicUrl !== undefined) {
    const url = server.publicUrl;
    all.push({ what: 'public URL', look: () => lookAtPublicUrl(url) });
  }
  if (prometheus !== undefined)
    all.push({
      what: 'Prometheus',
      look: () => ask(`${prometheus.url}/api/v1/query?query=1`, bearer(secrets.prometheusToken?.read())),
    });
  if (grafana !== undefined) {
    const token = secrets.grafanaToken?.read() ?? '';
    const { url } = grafana;
    all.push({ what: 'Grafana', look: () => ask(`${url}/api/annotations?limit=1`, bearer(token)) });
    for (const { dashboardUid, panelId } of grafana.panels)
      if (panelId !== undefined)
        all.push({
          what: `panel ${dashboardUid} / ${panelId}`,
          look: async () => {
            const access = { url, token: () => Promise.resolve(token) };
            const { visible } = await inspectPanel(
              access,
              dashboardUid,
              panelId,
              AbortSignal.timeout(deadlineMs),
            );
            if (!visible)
              throw new Failure('grafana-rejected', {
                detail:
                  'the dashboard does not show its own annotations: switch on "Annotations & Alerts" in its settings',
              });
            return 'there, and it shows annotations';
          },
        });
  }
  return all;
}

async function run({ what, look }: Check): Promise<CheckResult[]> {
  try {
    const seen = await look();
    return typeof seen === 'string' ? [{ what, ok: true, detail: seen, mend: '' }] : seen;
  } catch (error) {
    const { sentence, detail, mend } = describeReason(asFailure(error).reason);
    return [{ what, ok: false, detail: detail === '' ? sentence : `${sentence} (${detail})`, mend }];
  }
}

async function lookAtLedger(configuration: Configuration): Promise<string> {
  try {
    const ledger = openLedger(configuration);
    const counts = await ledger.counts();
    const blocks = await ledger.blocks();
    await ledger.close();
    return `${counts.done} done, ${counts.failed} failed, ${counts.queued} waiting, ${blocks.length} blocked`;
  } catch (error) {
    if (asFailure(error).code === 'ledger-locked') return 'in use by a running flamepin';
    throw error;
  }
}

async function lookAtStore(configuration: Configuration): Promise<string> {
  const store: ArtifactStore = await openStore(configuration);
  const signal = AbortSignal.timeout(deadlineMs);
  const key = 'doctor/probe.txt';
  try {
    await store.delete([key], signal);
    await store.put(
      {
        key,
        body: Buffer.from('flamepin'),
        contentType: 'text/plain',
        contentEncoding: 'identity',
        metadata: {},
      },
      signal,
    );
    const read = await store.get(key, signal);
    if (read?.body.toString() !== 'flamepin')
      throw new Failure('store-denied', { detail: 'what was written could not be read' });
    await store.delete([key], signal);
    return 'written, read and deleted';
  } finally {
    await store.close?.();
  }
}

async function lookAtTargets(
  kind: Configuration['targetKinds'][number],
  configuration: Configuration,
): Promise<string | CheckResult[]> {
  const targets = openTargets(configuration);
  try {
    const adapter = await targets.get(kind);
    return (await adapter.check?.(AbortSignal.timeout(deadlineMs))) ?? 'at hand';
  } finally {
    await targets.close();
  }
}

/** From here; whether a phone reaches it, only a phone can tell. */
async function lookAtPublicUrl(url: string): Promise<string> {
  const response = await get(`${url}/healthz`, {});
  if ((await response.text()).trim() === 'ok') return `${url} answers`;
  throw new Failure('public-url-wrong', {
    detail: `${url}/healthz answers ${response.status}, but not as flamepin does`,
  });
}

async function ask(url: string, headers: Record<string, string>): Promise<string> {
  const response = await get(url, headers);
  await response.arrayBuffer();
  if (!response.ok)
    throw new Failure('service-refused', { detail: `${new URL(url).origin} answers ${response.status}` });
  const date = Date.parse(response.headers.get('date') ?? '');
  const skew = Number.isNaN(date) ? 0 : Date.now() - date;
  if (Math.abs(skew) > clockToleranceMs)
    throw new Failure('clock-skew', {
      detail: `${Math.round(Math.abs(skew) / 1000)} s against ${new URL(url).origin}`,
    });
  return 'answers';
}

async function get(url: string, headers: Record<string, string>): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(deadlineMs) });
  } catch (error) {
    throw new Failure('service-unreachable', { detail: new URL(url).origin, cause: error });
  }
}

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${token}` };

function line({ what, ok, detail, mend }: CheckResult): string {
  const mark = ok ? '✓' : '✗';
  return `${mark} ${what}: ${detail}\n${ok || mend === '' ? '' : `    ${mend}\n`}`;
}
