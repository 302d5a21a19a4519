import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { allMatch, compileMatchers } from '../../src/routing/matchers.ts';

const file = fileURLToPath(new URL('../../docs/alertmanager.yaml', import.meta.url));

interface Configuration {
  route: { routes: Record<string, unknown>[] };
  receivers: { name: string; webhook_configs: Record<string, unknown>[] }[];
}

/** Receivers of an alert, by Alertmanager's own tool. */
function receivers(configuration: string, labels: Record<string, string>): string[] {
  const text = execFileSync(
    'amtool',
    [
      'config',
      'routes',
      'test',
      `--config.file=${configuration}`,
      ...Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
    ],
    { encoding: 'utf8', timeout: 20_000 },
  );
  return text.trim().split(',');
}

describe('the documented route of Alertmanager', () => {
  before(() => {
    assert.equal(
      spawnSync('amtool', ['--version']).error,
      undefined,
      'amtool is missing: apt-get install prometheus-alertmanager',
    );
  });

  it('is a valid configuration', () => {
    execFileSync('amtool', ['check-config', file], { timeout: 20_000 });
  });

  const everyone = [
    { severity: 'critical' },
    { severity: 'warning' },
    { severity: 'info' },
    { team: 'shop', severity: 'critical' },
    { team: 'shop', severity: 'info' },
    {},
  ];

  it('tells flamepin of what may be slow', () => {
    for (const labels of everyone)
      assert.equal(
        receivers(file, { alertname: 'A', ...labels }).includes('flamepin'),
        allMatch(compileMatchers('severity=~"critical|warning"'), labels),
        JSON.stringify(labels),
      );
  });

  it('pages exactly as before, with every alert', () => {
    const directory = mkdtempSync(join(tmpdir(), 'flamepin-route-'));
    try {
      const configuration = parse(readFileSync(file, 'utf8')) as Configuration;
      // What stood there before flamepin: neither its route nor the catch-all that a first route makes necessary.
      configuration.route.routes = configuration.route.routes.slice(1, -1);
      const before = join(directory, 'before.yaml');
      writeFileSync(before, stringify(configuration));
      for (const labels of everyone) {
        const now = receivers(file, { alertname: 'A', ...labels });
        assert.deepEqual(
          now.filter((name) => name !== 'flamepin'),
          receivers(before, { alertname: 'A', ...labels }),
          JSON.stringify(labels),
        );
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('sends at once, each pod for itself, nothing truncated, and resolved alerts too', () => {
    const { route, receivers: all } = parse(readFileSync(file, 'utf8')) as Configuration;
    const [ours] = route.routes;
    assert.deepEqual(
      [ours?.['receiver'], ours?.['continue'], ours?.['group_wait']],
      ['flamepin', true, '0s'],
    );
    assert.ok(['pod', 'instance'].every((label) => (ours?.['group_by'] as string[]).includes(label)));
    const [webhook] = all.find(({ name }) => name === 'flamepin')?.webhook_configs ?? [];
    assert.deepEqual([webhook?.['max_alerts'], webhook?.['send_resolved']], [0, true]);
  });
});
