import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { parseExpression, type Node } from '../../src/alerts/promql.ts';
import { remainingLabels } from '../../src/coverage/remaining-labels.ts';
import { readSelector } from '../../src/coverage/selector.ts';
import { fateOf } from '../../src/coverage/shape.ts';
import { withoutFilters } from '../../src/coverage/without-filters.ts';
import { remaining } from '../given/remaining-labels.ts';
import { freePort } from '../setup/process.ts';
import { startPrometheus, type Prometheus } from '../setup/prometheus.ts';

const root = join(import.meta.dirname, '..', '..');
const now = Math.floor(Date.now() / 1000);
const hour = 3600;

type Labels = Record<string, string>;

/** Names that groupings and matchers of the expressions have, and a few more that nobody drops by name. */
function labelNames(expression: string): string[] {
  const written = nodesOf(expression)
    .filter(({ name }) => name === 'LabelName')
    .map(({ from, to }) => expression.slice(from, to));
  const names = ['namespace', 'pod', 'uri', 'team', 'colour', ...written];
  return [...new Set(names)].filter((name) => name !== '__name__');
}

/** Every node of an expression that is PromQL. */
function nodesOf(expression: string): Node[] {
  const found: Node[] = [];
  const visit = (node: Node): void => {
    found.push(node);
    for (let child = node.firstChild; child !== null; child = child.nextSibling) visit(child);
  };
  const top = parseExpression(expression);
  if (top !== null) visit(top);
  return found;
}

/** The same expression over metrics that no other one reads. */
function ofItsOwn(expression: string, index: number): string {
  const names = nodesOf(expression).filter(({ name }) => name === 'Identifier');
  return names.reduceRight((text, { to }) => `${text.slice(0, to)}_${index}${text.slice(to)}`, expression);
}

const expressions = remaining.map(([rule, expression], index) => ({
  rule,
  expression: ofItsOwn(expression, index),
}));

/** Two series for each selector, which differ in every label that it leaves open. */
function seriesFor(expression: string): { metric: string; labels: Labels }[] {
  const found: { metric: string; labels: Labels }[] = [];
  const names = labelNames(expression);
  for (const node of nodesOf(expression).filter(({ name }) => name === 'VectorSelector')) {
    const { metric, matchers } = readSelector(node, expression);
    // Absent series have to be absent; only Prometheus 3 has names with dots.
    if (metric === null || !/^[\w:]+$/.test(metric) || /absent/.test(expression)) continue;
    for (const which of ['1', '2']) {
      const labels: Labels = Object.fromEntries(names.map((name) => [name, `${name}-${which}`]));
      for (const { label, operator, value } of matchers) {
        if (operator === '=') labels[label] = value;
        if (operator === '=~') labels[label] = value.replaceAll(/[.][*+]/g, which).split('|')[0] ?? '';
      }
      const buckets = metric.includes('_bucket') ? ['0.1', '1', '+Inf'] : [null];
      for (const le of buckets) found.push({ metric, labels: { ...labels, ...(le !== null && { le }) } });
    }
  }
  return found;
}

/** A text that promtool makes a Prometheus' past of. */
class History {
  readonly #lines = new Map<string, Map<string, string[]>>();

  add(metric: string, labels: Labels, samples: readonly (readonly [at: number, value: number])[]): void {
    const pairs = Object.entries(labels).filter(([, value]) => value !== '');
    const series = `${metric}{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}}`;
    const ofMetric = this.#lines.get(metric) ?? new Map<string, string[]>();
    ofMetric.set(
      series,
      samples.map(([at, value]) => `${series} ${value} ${at}`),
    );
    this.#lines.set(metric, ofMetric);
  }

  toString(): string {
    return `${[...this.#lines.values()].flatMap((series) => [...series.values()].flat()).join('\n')}\n# EOF\n`;
  }
}

const every = (seconds: number, from: number, to: number): number[] =>
  Array.from({ length: Math.floor((to - from) / seconds) + 1 }, (_, at) => from + at * seconds);

/** Alerts fire for ten minutes each, at these hours before now. */
function firings(history: History, labels: Labels, hoursAgo: readonly number[]): void {
  const samples = hoursAgo.flatMap((hours) =>
    every(30, now - hours * hour, now - hours * hour + 600).map((at) => [at, 1] as const),
  );
  history.add('ALERTS', { ...labels, alertstate: 'firing' }, samples);
}

const rules = `groups:
  - name: shop
    rules:
      - alert: CheckoutSlow
        expr: max by (namespace, pod) (latency_seconds) > 100
        labels: {severity: critical}
      - alert: ShopSlow
        expr: max by (team) (latency_seconds) > 100
        labels: {severity: critical}
      - alert: Lonely
        expr: max by (namespace, pod) (nobody_writes_this) > 100
        labels: {severity: critical}
      - alert: Down
        expr: up{job="node"} == 1 and on () vector(0) > 0
        labels: {severity: critical}
      - alert: Minor
        expr: max by (namespace, pod) (latency_seconds) > 100
        labels: {severity: info}
`;

describe('coverage with a Prometheus', { timeout: 300_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'flamepin-coverage-'));
  let prometheus: Prometheus;

  before(async () => {
    execFileSync('sh', [join(root, 'test/setup/debian.sh'), 'prometheus'], { stdio: 'inherit' });
    const history = new History();
    const recent = every(60, now - 1200, now).map((at, index) => [at, index + 1] as const);
    for (const { expression } of expressions)
      for (const { metric, labels } of seriesFor(expression)) history.add(metric, labels, recent);
    for (const pod of ['checkout-0', 'checkout-1', 'old-0'])
      history.add(
        'latency_seconds',
        { namespace: pod === 'old-0' ? 'legacy' : 'shop', pod, team: 'shop' },
        recent,
      );
    const critical = { alertname: 'CheckoutSlow', severity: 'critical', namespace: 'shop' };
    // The second is within the cooldown of the first; the other pod has its own.
    firings(history, { ...critical, pod: 'checkout-0' }, [50, 49.5, 20]);
    firings(history, { ...critical, pod: 'checkout-1' }, [49.6]);
    firings(history, { ...critical, namespace: 'legacy', pod: 'old-0' }, [30]);
    firings(history, { alertname: 'Minor', severity: 'info', namespace: 'shop', pod: 'checkout-0' }, [10, 5]);
    mkdirSync(join(directory, 'prometheus'), { recursive: true });
    writeFileSync(join(directory, 'history.txt'), history.toString());
    execFileSync('promtool', [
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      join(directory, 'history.txt'),
      join(directory, 'prometheus'),
    ]);
    prometheus = await startPrometheus(
      directory,
      { job: 'none', targets: [] },
      { rules, alertmanager: '127.0.0.1:9' },
    );
  });

  after(async () => {
    await prometheus.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function rowsOf(query: string): Promise<Labels[] | null> {
    const answer = await fetch(`${prometheus.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query, time: String(now) }),
    });
    const body = (await answer.json()) as {
      error?: string;
      data?: { resultType: string; result: { metric: Labels }[] };
    };
    if (body.data === undefined) {
      // Only Prometheus 3 has quoted names; and some series of ours are twice what a matching wants once.
      assert.match(`${query}: ${body.error ?? ''}`, /^\{"|many-to-many|must be unique/);
      return null;
    }
    return body.data.resultType === 'vector' ? body.data.result.map(({ metric }) => metric) : [{}];
  }

  it('finds in it the labels that it says remain, and no other', async () => {
    let withRows = 0;
    const faults: string[] = [];
    for (const { rule, expression } of expressions) {
      const shape = remainingLabels(expression);
      assert.ok(shape !== null, expression);
      for (const query of [expression, withoutFilters(expression) ?? '']) {
        const rows = (await rowsOf(query)) ?? [];
        if (rows.length > 0) withRows += 1;
        for (const row of rows) {
          for (const [label, value] of Object.entries(row))
            if (label !== '__name__' && fateOf(shape, label).is === 'dropped')
              faults.push(`${rule}: ${query} has ${label}=${value}`);
          for (const [label, fate] of shape.known)
            if (fate.is === 'value' && row[label] !== fate.value)
              faults.push(`${rule}: ${query} has ${label}=${row[label] ?? ''}, not ${fate.value}`);
        }
      }
    }
    assert.deepEqual(faults, []);
    // The rest cannot have any: conditions that do not hold, or quoted names.
    assert.ok(withRows > 100, `${withRows} of ${2 * remaining.length} queries have rows`);
  });

  async function run(
    args: readonly string[],
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [join(root, 'bin/flamepin.js'), 'coverage', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
    const [stdout, stderr] = await Promise.all([
      readText(child.stdout),
      readText(child.stderr),
      once(child, 'exit'),
    ]);
    return { code: child.exitCode, stdout, stderr };
  }

  function configured(url: string): string {
    const file = join(directory, 'flamepin.yaml');
    writeFileSync(
      file,
      JSON.stringify({
        prometheus: { url },
        routes: [{ matchers: ['severity="critical"'], cooldown: '1h', target: { kubernetes: {} } }],
        targets: { kubernetes: { namespaces: ['shop'] } },
      }),
    );
    return file;
  }

  interface Report {
    notes: string[];
    rules: Record<string, unknown>[];
  }

  it('reads its rules, its series and its past alerts', async () => {
    const { code, stdout, stderr } = await run(['--config', configured(prometheus.url), '--format', 'json']);
    assert.equal(code, 0, stderr);
    const { notes, rules: told } = JSON.parse(stdout) as Report;
    assert.deepEqual(notes, []);
    const by = (name: string) => {
      const { verdict, target, rows, lastMonth } = told.find(({ alert }) => alert === name) ?? {};
      return { verdict, target, rows, lastMonth };
    };
    assert.deepEqual(by('CheckoutSlow'), {
      verdict: 'captures',
      target: { kind: 'kubernetes', names: 'pod', label: 'pod', certainty: 'seen' },
      // The namespace of the third is not configured.
      rows: { seen: 3, captured: 2, more: false },
      lastMonth: { fired: 5, captured: 3 },
    });
    assert.deepEqual(by('Minor'), {
      verdict: 'no-route',
      target: { kind: 'kubernetes', names: 'pod', label: 'pod', certainty: 'seen' },
      rows: { seen: 3, captured: 0, more: false },
      lastMonth: { fired: 2, captured: 0 },
    });
    assert.deepEqual(by('ShopSlow'), {
      verdict: 'no-target',
      target: null,
      rows: { seen: 1, captured: 0, more: false },
      lastMonth: { fired: 0, captured: 0 },
    });
    assert.deepEqual(by('Lonely').rows, { seen: 0, captured: 0, more: false });
    assert.deepEqual(by('Down'), { verdict: 'not-a-jvm', target: null, rows: null, lastMonth: null });
  });

  it('judges files without it where it does not answer, and says so', async () => {
    const nobody = configured(`http://127.0.0.1:${await freePort()}`);
    const file = join(directory, 'rules.yaml');
    const asked = await run(['--config', nobody, file]);
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(asked.stdout, /did not answer every query: .*ECONNREFUSED/);
    const offline = await run(['--config', nobody, '--offline', file]);
    assert.doesNotMatch(offline.stdout, /ECONNREFUSED/);
    const unread = await run(['--config', nobody]);
    assert.equal(unread.code, 1);
    assert.match(unread.stderr, /could not be reached[\s\S]*ECONNREFUSED/);
  });
});
