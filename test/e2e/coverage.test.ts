import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { z } from 'zod';
import { fakeApiServer } from '../cluster/fake-apiserver.ts';
import { ruleFile } from '../given/coverage-rules.ts';
import { kubeconfigFor } from '../given/kubeconfig.ts';

const flamepin = join(import.meta.dirname, '..', '..', 'bin', 'flamepin.js');

describe('flamepin coverage', { concurrency: 2 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'flamepin-coverage-'));
  after(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  async function run(args: readonly string[], stdin = '') {
    const child = spawn(process.execPath, [flamepin, 'coverage', ...args], {
      cwd: directory,
      timeout: 60_000,
    });
    child.stdin.end(stdin);
    const [stdout, stderr] = await Promise.all([
      readText(child.stdout),
      readText(child.stderr),
      once(child, 'exit'),
    ]);
    return { code: child.exitCode, stdout, stderr };
  }

  function fileOf(name: string, content: string): string {
    writeFileSync(join(directory, name), content);
    return name;
  }

  it('reads rules from files and from stdin, and judges them by the routes of the configuration', async () => {
    const config = fileOf(
      'flamepin.yaml',
      `routes: [{name: shop, matchers: ['severity="critical"'], target: {kubernetes: {}}}]`,
    );
    const own = await run(['--config', config, fileOf('shop.yaml', ruleFile)]);
    assert.equal(own.code, 0, own.stderr);
    assert.match(
      own.stdout,
      /^14 rules: \d+ would capture, \d+ name a pod, \d+ a panel, \d+ are not about a JVM$/m,
    );
    assert.match(own.stdout, /^ {2}CheckoutSlow +pod +shop +wall +no panel$/m);
    const piped = await run(['-'], ruleFile);
    assert.equal(piped.code, 0, piped.stderr);
    assert.match(piped.stdout, /^14 rules: .*\n.*\nNo --config: judged as if one route took every alert/);
  });

  describe('with --cluster', () => {
    const object = (namespace: string, name: string, rule: object): object => ({
      metadata: { namespace, name },
      spec: { groups: [{ name: 'shop', rules: [rule] }] },
    });
    const pages = [
      {
        metadata: { continue: 'next' },
        items: [object('shop', 'one', { alert: 'A', expr: 'max by (namespace, pod) (x) > 1' })],
      },
      { items: [object('crm', 'two', { alert: 'B', expr: 'sum(x) > 1' })] },
    ];
    /** An API server with this answer to the first page, and its configuration. */
    async function clusterWith(first: object, status = 200) {
      const asked: string[] = [];
      const server = await fakeApiServer({
        request: ({ method, url = '' }, response) => {
          asked.push(`${method} ${url}`);
          response.writeHead(status, { 'Content-Type': 'application/json' });
          response.end(JSON.stringify(url.includes('continue=') ? pages[1] : first));
        },
      });
      const kubeconfig = join(directory, fileOf(`kubeconfig-${status}`, kubeconfigFor(server.access.server)));
      const config = fileOf(
        `cluster-${status}.yaml`,
        `routes: [{matchers: [], target: {kubernetes: {}}}]\ntargets: {kubernetes: {kubeconfig: ${kubeconfig}}}`,
      );
      return { server, asked, config };
    }

    it('judges its PrometheusRule objects, page by page', async () => {
      const { server, asked, config } = await clusterWith(pages[0] ?? {});
      await using closing = new AsyncDisposableStack();
      closing.use(server);
      const { code, stdout, stderr } = await run(['--config', config, '--cluster', '--format', 'json']);
      assert.equal(code, 0, stderr);
      const { rules } = z
        .object({ rules: z.array(z.object({ alert: z.string(), verdict: z.string(), place: z.string() })) })
        .parse(JSON.parse(stdout));
      assert.deepEqual(
        rules.map(({ alert, verdict, place }) => [alert, verdict, place]),
        [
          ['A', 'captures', 'prometheusrule shop/one:1'],
          ['B', 'no-target', 'prometheusrule crm/two:1'],
        ],
      );
      const path = 'GET /apis/monitoring.coreos.com/v1/prometheusrules?limit=200';
      assert.deepEqual(asked, [path, `${path}&continue=next`]);
    });

    it('says which right is missing, and that there is no such kind', async () => {
      const forbidden = { kind: 'Status', message: 'prometheusrules is forbidden', code: 403 };
      for (const [status, words] of [
        [403, /listing prometheusrules \(group monitoring\.coreos\.com\) is not allowed/],
        [404, /has no PrometheusRule objects: the Prometheus operator is not installed/],
      ] as const) {
        const { server, config } = await clusterWith({ ...forbidden, code: status }, status);
        await using closing = new AsyncDisposableStack();
        closing.use(server);
        const { code, stderr } = await run(['--config', config, '--cluster']);
        assert.equal(code, 1);
        assert.match(stderr, words);
      }
      assert.equal((await run(['--cluster', 'one.yaml'])).code, 2);
      assert.equal((await run(['--cluster', '--offline'])).code, 2);
    });
  });

  it('prints JSON, with the labels that --label adds', async () => {
    const rules = fileOf(
      'one.yaml',
      'groups: [{rules: [{alert: A, expr: "max by (namespace, pod) (x) > 1"}]}]',
    );
    const { code, stdout, stderr } = await run(['--format', 'json', '--label', 'cluster=eu', rules]);
    assert.equal(code, 0, stderr);
    const { version, summary, rules: told } = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(version, 1);
    assert.deepEqual(summary, {
      rules: 1,
      captures: 1,
      namePod: 1,
      panel: 0,
      notAboutJvm: 0,
      withChange: 0,
      elsewhere: 0,
      unreadable: 0,
    });
    assert.deepEqual(told, [
      {
        alert: 'A',
        group: '',
        place: 'one.yaml:1',
        expression: 'max by (namespace, pod) (x) > 1',
        verdict: 'captures',
        why: '',
        metricsOf: 'any program',
        labels: {
          values: { alertname: 'A', cluster: 'eu' },
          kept: ['namespace', 'pod'],
          possible: [],
          dropped: [],
          others: 'dropped',
        },
        target: { kind: 'kubernetes', names: 'pod', label: 'pod', certainty: 'certain' },
        route: { index: 0, name: null, conditions: [] },
        event: 'cpu',
        panel: null,
        reason: null,
        change: null,
        rows: null,
        lastMonth: null,
      },
    ]);
  });

  it('fails in CI on the verdicts that are named, and on no others', async () => {
    const rules = fileOf('lost.yaml', 'groups: [{rules: [{alert: A, expr: "sum(x) > 1"}]}]');
    assert.equal((await run([rules, '--fail-on', 'no-route,unreadable'])).code, 0);
    const lost = await run([rules, '--fail-on', 'no-route,no-target']);
    assert.equal(lost.code, 1);
    assert.match(lost.stdout, /keep namespace and pod: write sum by \(namespace, pod\)/);
    assert.equal(lost.stderr, '');
  });

  it('reads the rules that Grafana manages, and says when it may not', async () => {
    const query = (type: string, expr: string) => ({
      refId: 'A',
      datasourceUid: 'p',
      model: { expr, datasource: { type } },
    });
    const threshold = {
      refId: 'C',
      datasourceUid: '__expr__',
      model: { type: 'threshold', expression: 'A', conditions: [{ evaluator: { type: 'gt', params: [1] } }] },
    };
    const ruleOf = (title: string, data: unknown) => ({
      labels: { severity: 'critical' },
      grafana_alert: { uid: title, title, condition: 'C', data: [data, threshold] },
    });
    const folders = {
      Shop: [
        {
          rules: [
            ruleOf('Slow', query('prometheus', 'max by (namespace, pod) (latency_seconds)')),
            ruleOf('Logs', query('loki', 'sum(rate({app="shop"}[5m]))')),
          ],
        },
      ],
    };
    let allowed = true;
    const grafana = createServer((request, response) => {
      assert.equal(request.headers.authorization, 'Bearer secret');
      response.writeHead(allowed ? 202 : 403).end(allowed ? JSON.stringify(folders) : '{}');
    });
    await once(grafana.listen(0, '127.0.0.1'), 'listening');
    try {
      const url = `http://127.0.0.1:${(grafana.address() as AddressInfo).port}`;
      const config = fileOf(
        'grafana.yaml',
        JSON.stringify({
          grafana: { url, tokenFile: join(directory, fileOf('token', 'secret')) },
          routes: [{ matchers: [], target: { kubernetes: {} } }],
        }),
      );
      const { code, stdout, stderr } = await run(['--config', config]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^2 rules: 1 would capture, 1 names a pod, .*\n1 cannot be read$/m);
      assert.match(stdout, /^ {2}Slow +pod /m);
      allowed = false;
      const denied = await run(['--config', config]);
      assert.equal(denied.code, 1);
      assert.match(denied.stderr, /refused the request[\s\S]*403/);
      assert.equal((await run(['--config', config, '--offline'])).code, 2);
    } finally {
      grafana.close();
    }
  });

  it('names file, line and place of what it cannot read, and what is wrong with its usage', async () => {
    const broken = await run([fileOf('broken.yaml', 'groups:\n  - rules:\n      - alert: A\n')]);
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /broken\.yaml:3: groups\[0\]\.rules\[0\]\.expr: /);
    const missing = await run(['none.yaml']);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /none\.yaml \(ENOENT\)/);
    const nothing = await run([]);
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /there are no rules to judge\. Pass rule files/);
    assert.equal((await run(['-', '--fail-on', 'captures'])).code, 2);
    assert.equal((await run(['-', '--label', 'x'])).code, 2);
    const large = await run(['/dev/zero']);
    assert.equal(large.code, 1);
    assert.match(large.stderr, /\/dev\/zero: larger than 32 MiB/);
  });
});
