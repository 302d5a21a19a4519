import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
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
    // It warns about every --config.file.
    { encoding: 'utf8', timeout: 20_000, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return text.trim().split(',');
}

before(() => {
  assert.equal(
    spawnSync('amtool', ['--version']).error,
    undefined,
    'amtool is missing: apt-get install prometheus-alertmanager',
  );
});

const directory = mkdtempSync(join(tmpdir(), 'flamepin-route-'));
after(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('a matcher', () => {
  it('matches in flamepin what it matches in Alertmanager', () => {
    // Each is a route that goes on, so that one question per alert tells of all of them.
    const lines = [
      'a="b"',
      'a=b',
      'a!=b',
      'a=""',
      'a!=""',
      'a=',
      'a=~"b.*"',
      'a=~b|c',
      'a!~"b|c"',
      'a=~".+"',
      'a=~".*x.*"',
      'a=~"(?s).*x.*"',
      'a=~"(?i)B"',
      'a=~"\\d+\\.\\d"',
      'a="say \\"hi\\""',
      'a="x,y={z}"',
      'a=~"x{2}"',
      'a=two words',
      '{a="b",c=~"d|"}',
      '{a!="b" , c!="" , }',
      'a=~"[b-d]{1,3}"',
      'a="t\\\\t"',
      'a="line\\nline"',
    ];
    const configuration = join(directory, 'matchers.yaml');
    writeFileSync(
      configuration,
      stringify({
        route: {
          receiver: 'none',
          routes: lines.map((line, i) => ({ receiver: `m${i}`, matchers: [line], continue: true })),
        },
        receivers: [{ name: 'none' }, ...lines.map((_, i) => ({ name: `m${i}` }))],
      }),
    );
    for (const a of [
      '',
      'b',
      'B',
      'bcd',
      'c',
      'x',
      'xx',
      '1.5',
      '1.55',
      'say "hi"',
      'x,y={z}',
      'two words',
      't\\t',
    ])
      for (const c of ['', 'd']) {
        const labels = { a, c };
        const ours = lines.flatMap((line, i) => (allMatch(compileMatchers(line), labels) ? [`m${i}`] : []));
        assert.deepEqual(
          receivers(configuration, labels),
          ours.length === 0 ? ['none'] : ours,
          JSON.stringify(labels),
        );
      }
  });
});

describe('the documented route of Alertmanager', () => {
  it('is a valid configuration', () => {
    execFileSync('amtool', ['check-config', file], { timeout: 20_000, stdio: 'pipe' });
  });

  const everyone = [
    { severity: 'critical' },
    { severity: 'warning' },
    // CPUThrottlingHigh of kubernetes-mixin; Watchdog is `none`.
    { alertname: 'CPUThrottlingHigh', severity: 'info' },
    { alertname: 'Watchdog', severity: 'none' },
    { team: 'shop', severity: 'critical' },
    { team: 'shop', severity: 'info' },
    {},
  ];

  it('tells flamepin of what may be slow', () => {
    for (const labels of everyone)
      assert.equal(
        receivers(file, { alertname: 'A', ...labels }).includes('flamepin'),
        allMatch(compileMatchers('severity=~"critical|warning|info"'), labels),
        JSON.stringify(labels),
      );
  });

  it('pages exactly as before, with every alert', () => {
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
