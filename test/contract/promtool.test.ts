import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

const targetSchema = z.object({ expr: z.string() });
const dashboardSchema = z.object({
  uid: z.literal('flamepin'),
  panels: z.array(
    z.object({
      id: z.number().int().positive(),
      title: z.string().min(1),
      description: z.string().min(1),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(targetSchema).min(1),
    }),
  ),
});

describe('what flamepin ships for Prometheus, Alertmanager and Grafana', () => {
  let directory: string;
  before(async () => {
    const script = join(root, 'test', 'setup', 'debian.sh');
    execFileSync('sh', [script, 'prometheus', 'prometheus-alertmanager'], { stdio: 'inherit' });
    directory = await mkdtemp(join(tmpdir(), 'flamepin-rules-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const dashboard = async () =>
    dashboardSchema.parse(
      JSON.parse(await readFile(join(root, 'deploy', 'grafana', 'dashboard.json'), 'utf8')),
    );

  it('has rules and alerts that do what their tests say', async () => {
    const rules = join(root, 'deploy', 'prometheus');
    await run('promtool', ['check', 'rules', join(rules, 'rules.yaml'), join(rules, 'alerts.yaml')]);
    await run('promtool', ['test', 'rules', join(rules, 'rules.test.yaml')]);
  });

  it('has a dashboard whose every query Prometheus understands', async () => {
    const expressions = (await dashboard()).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const rules = expressions.map((expr, i) => ({
      record: `dashboard:query:${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'flamepin'),
    }));
    const path = join(directory, 'dashboard.yaml');
    await writeFile(path, stringify({ groups: [{ name: 'dashboard', rules }] }));
    await run('promtool', ['check', 'rules', path]);
  });

  it('asks only for metrics that flamepin has', async () => {
    const { text } = await createMetrics().scrape();
    const known = new Set(Array.from(text.matchAll(/^# TYPE (\w+)/gm), ([, name]) => name));
    const files = ['grafana/dashboard.json', 'prometheus/rules.yaml', 'prometheus/alerts.yaml'];
    for (const file of files) {
      const asked = (await readFile(join(root, 'deploy', file), 'utf8')).matchAll(
        /\b(?:flamepin|process)_[a-z_]+/g,
      );
      for (const [name] of asked)
        assert.ok(known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, '')), `${file}: ${name}`);
    }
  });

  it('has a dashboard without two panels in one place or with one number', async () => {
    const { panels } = await dashboard();
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const [i, { gridPos: a, title }] of panels.entries()) {
      assert.ok(a.x + a.w <= 24, title);
      for (const { gridPos: b, title: other } of panels.slice(i + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        assert.ok(apart, `${title} and ${other}`);
      }
    }
  });

  it('has receivers that Alertmanager accepts, with links that its templates make', async () => {
    const path = join(root, 'docs', 'receivers.yaml');
    await run('amtool', ['check-config', path]);
    const receivers = await readFile(path, 'utf8');
    const templates = new Set(
      Array.from(receivers.matchAll(/https:\/\/flamepin[^'"|\n]*?\}\}/g), ([found]) => found),
    );
    assert.ok(templates.size >= 2);
    const data = join(directory, 'data.json');
    const alert = {
      status: 'firing',
      labels: { alertname: 'HighLatency' },
      annotations: {},
      startsAt: '2026-11-23T02:14:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: '',
      fingerprint: '9f1c0a7be2d34c55',
    };
    await writeFile(
      data,
      JSON.stringify({
        receiver: 'x',
        status: 'firing',
        alerts: [alert],
        groupLabels: {},
        commonLabels: {},
        commonAnnotations: {},
        externalURL: '',
      }),
    );
    await writeFile(join(directory, 'empty.tmpl'), '');
    for (const template of templates) {
      const text = template.includes('index') ? template : `{{ range .Alerts }}${template}{{ end }}`;
      const { stdout } = await run('amtool', [
        'template',
        'render',
        `--template.glob=${join(directory, '*.tmpl')}`,
        `--template.text=${text}`,
        `--template.data=${data}`,
      ]);
      assert.equal(stdout.trim(), 'https://flamepin.example.com/alerts/9f1c0a7be2d34c55');
    }
  });
});
