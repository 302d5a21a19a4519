import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, freePort, start, type Started } from './process.ts';

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

/**
 * Debian's Prometheus and Alertmanager on loopback, scraping each second. `rules` is a Prometheus rule file; every
 * alert goes to `webhookUrl` with the documented settings (group_wait 0s, max_alerts 0).
 */
export async function startMonitoring(options: {
  directory: string;
  scrape: Scrape;
  rules: string;
  webhookUrl: string;
  bearerToken: string;
}): Promise<Monitoring> {
  execFileSync('sh', [join(import.meta.dirname, 'debian.sh'), 'prometheus', 'prometheus-alertmanager'], {
    stdio: 'inherit',
  });
  const { directory } = options;
  mkdirSync(directory, { recursive: true });
  const alertmanagerPort = await freePort();
  const prometheusPort = await freePort();

  writeFileSync(
    join(directory, 'alertmanager.yaml'),
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
  const alertmanager = start('prometheus-alertmanager', [
    `--config.file=${join(directory, 'alertmanager.yaml')}`,
    `--storage.path=${join(directory, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
    '--cluster.listen-address=',
  ]);

  writeFileSync(join(directory, 'rules.yaml'), options.rules);
  writeFileSync(
    join(directory, 'prometheus.yaml'),
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      alerting: {
        alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }],
      },
      rule_files: ['rules.yaml'],
      scrape_configs: [
        {
          job_name: options.scrape.job,
          static_configs: options.scrape.targets.map(({ address, labels }) => ({
            targets: [address],
            labels: labels ?? {},
          })),
        },
      ],
    }),
  );
  const prometheus = start('prometheus', [
    `--config.file=${join(directory, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(directory, 'prometheus')}`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
  ]);

  const started: Started[] = [prometheus, alertmanager];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop()));
  };
  const prometheusUrl = `http://127.0.0.1:${prometheusPort}`;
  const alertmanagerUrl = `http://127.0.0.1:${alertmanagerPort}`;
  try {
    await answers(`${prometheusUrl}/-/ready`, 15_000, prometheus);
    await answers(`${alertmanagerUrl}/-/ready`, 15_000, alertmanager);
  } catch (error) {
    await stop();
    throw error;
  }
  return { prometheusUrl, alertmanagerUrl, stop };
}
