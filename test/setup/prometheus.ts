import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from './cache.ts';
import { answers, freePort, start } from './process.ts';

const run = promisify(execFile);

export interface Monitoring {
  prometheusUrl: string;
  alertmanagerUrl: string;
  stop(): Promise<void>;
}

/** Addresses that are scraped each second under one job, each with labels of its own. */
export interface Scrape {
  job: string;
  targets: readonly { address: string; labels?: Readonly<Record<string, string>> }[];
}

/** A server on loopback. */
export interface Prometheus {
  url: string;
  stop(): Promise<void>;
}

/**
 * Debian's Prometheus on loopback, scraping each second. `alerting`: a rule file, and the Alertmanager (`host:port`)
 * that hears of it, if any.
 * @param program another Prometheus than Debian's
 */
export async function startPrometheus(
  directory: string,
  scrape: Scrape,
  alerting?: { rules: string; alertmanager?: string },
  program = debianPrometheus(),
): Promise<Prometheus> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  if (alerting !== undefined) writeFileSync(join(directory, 'rules.yaml'), alerting.rules);
  writeFileSync(
    join(directory, 'prometheus.yaml'),
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      ...(alerting?.alertmanager !== undefined && {
        alerting: { alertmanagers: [{ static_configs: [{ targets: [alerting.alertmanager] }] }] },
      }),
      ...(alerting !== undefined && { rule_files: ['rules.yaml'] }),
      scrape_configs: [
        {
          job_name: scrape.job,
          static_configs: scrape.targets.map(({ address, labels }) => ({
            targets: [address],
            labels: labels ?? {},
          })),
        },
      ],
    }),
  );
  const prometheus = start(program, [
    `--config.file=${join(directory, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(directory, 'prometheus')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const url = `http://127.0.0.1:${port}`;
  try {
    await answers(`${url}/-/ready`, 60_000, prometheus);
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
  return { url, stop: () => prometheus.stop() };
}

/** Version 2, installed if need be: the program. */
function debianPrometheus(): string {
  execFileSync('sh', [join(import.meta.dirname, 'debian.sh'), 'prometheus'], { stdio: 'inherit' });
  return 'prometheus';
}

/** Version 3, built once and kept in the cache: the program. */
export async function prometheus3(): Promise<string> {
  const program = join(cacheDirectory, 'prometheus-0.313.0');
  mkdirSync(cacheDirectory, { recursive: true });
  await run('sh', [join(import.meta.dirname, 'prometheus-3.sh'), program], { timeout: 900_000 });
  return program;
}

/** Debian's Alertmanager alone on loopback, with this configuration. */
export async function startAlertmanager(directory: string, configuration: string): Promise<Prometheus> {
  execFileSync('sh', [join(import.meta.dirname, 'debian.sh'), 'prometheus-alertmanager'], {
    stdio: 'inherit',
  });
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  writeFileSync(join(directory, 'alertmanager.yaml'), configuration);
  const alertmanager = start('prometheus-alertmanager', [
    `--config.file=${join(directory, 'alertmanager.yaml')}`,
    `--storage.path=${join(directory, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
  const url = `http://127.0.0.1:${port}`;
  try {
    await answers(`${url}/-/ready`, 60_000, alertmanager);
  } catch (error) {
    await alertmanager.stop();
    throw error;
  }
  return { url, stop: () => alertmanager.stop() };
}

/**
 * The same with Debian's Alertmanager: every alert goes to `webhookUrl` with the documented settings (group_wait 0s,
 * max_alerts 0).
 */
export async function startMonitoring(options: {
  directory: string;
  scrape: Scrape;
  rules: string;
  webhookUrl: string;
  bearerToken: string;
}): Promise<Monitoring> {
  const { directory } = options;
  const alertmanager = await startAlertmanager(
    directory,
    `route:
  receiver: flamepin
  group_by: [alertname, instance]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: flamepin
    webhook_configs:
      - url: ${options.webhookUrl}
        max_alerts: 0
        send_resolved: true
        http_config: {authorization: {type: Bearer, credentials: ${options.bearerToken}}}
`,
  );
  try {
    const { scrape, rules } = options;
    const prometheus = await startPrometheus(directory, scrape, {
      rules,
      alertmanager: new URL(alertmanager.url).host,
    });
    return {
      prometheusUrl: prometheus.url,
      alertmanagerUrl: alertmanager.url,
      stop: async () => {
        await Promise.all([prometheus.stop(), alertmanager.stop()]);
      },
    };
  } catch (error) {
    await alertmanager.stop();
    throw error;
  }
}
