import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { grafanaChecks } from '../../src/commands/doctor-grafana.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { queryNow } from '../../src/targets/kubernetes/choice/prometheus.ts';
import type { KubernetesSettings } from '../../src/targets/kubernetes/targets.ts';
import { shopCluster, type ShopCluster } from '../given/shop-cluster.ts';
import type { GivenRule } from '../grafana/alert-rules.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { waitFor } from '../setup/process.ts';
import { startPrometheus, type Prometheus } from '../setup/prometheus.ts';

const exported = `
latency_seconds{namespace="shop",statefulset="orders",pod="orders-0"} 0.2
latency_seconds{namespace="shop",statefulset="orders",pod="orders-1"} 7
latency_seconds{namespace="shop",statefulset="orders",pod="orders-2"} 0.3
free_connections{namespace="shop",pod="orders-0"} 9
free_connections{namespace="shop",pod="orders-1"} 8
free_connections{namespace="shop",pod="orders-2"} 1
`;

const latency = 'max by (namespace, statefulset) (latency_seconds)';
const free = 'min by (namespace) (free_connections)';

const query = (refId: string, expr: string, type: string | null = 'prometheus') => ({
  refId,
  datasourceUid: type === 'loki' ? 'logs' : 'metrics',
  model: { expr, instant: true, ...(type !== null && { datasource: { type, uid: 'metrics' } }) },
});
const step = (refId: string, type: string, more: Record<string, unknown>) => ({
  refId,
  datasourceUid: '__expr__',
  model: { type, datasource: { type: '__expr__', uid: '__expr__' }, ...more },
});
const reduce = (refId: string, of: string) => step(refId, 'reduce', { expression: of, reducer: 'last' });
const threshold = (refId: string, of: string, type: string, ...params: number[]) =>
  step(refId, 'threshold', { expression: of, conditions: [{ evaluator: { type, params } }] });
const classic = (refId: string, ...of: string[]) =>
  step(refId, 'classic_conditions', {
    expression: '',
    conditions: of.map((ref) => ({
      type: 'query',
      evaluator: { type: 'gt', params: [1] },
      operator: { type: 'and' },
      query: { params: [ref] },
      reducer: { type: 'avg', params: [] },
    })),
  });

/** `uid` is also the title of each: OrdersLatency for all that fire on latency. */
const rule = (uid: string, data: GivenRule['data'], more: Partial<GivenRule> = {}): GivenRule => ({
  uid,
  title: 'OrdersLatency',
  folder: 'Shop',
  condition: data.at(-1)?.refId ?? '',
  data,
  ...more,
});

const rules: GivenRule[] = [
  rule('simple', [query('A', latency), reduce('B', 'A'), threshold('C', '$B', 'gt', 1)]),
  rule('below', [query('A', free), reduce('B', 'A'), threshold('C', 'B', 'lt', 5)]),
  rule('untyped', [query('A', latency, null), threshold('C', 'A', 'gt', 1)]),
  rule('classic', [query('A', latency), classic('B', 'A')]),
  rule('classic-two', [query('A', latency), query('B', free), classic('C', 'A', 'B')]),
  rule('math', [query('A', free), reduce('B', 'A'), step('C', 'math', { expression: '$B < 5' })]),
  rule('math-two', [
    query('A', latency),
    query('B', free),
    step('C', 'math', { expression: '$A / ${B}' }),
    threshold('D', 'C', 'gt', 1),
  ]),
  rule('range', [query('A', latency), threshold('C', 'A', 'outside_range', 1, 2)]),
  rule('variable', [
    query('A', 'max by (namespace) (max_over_time(latency_seconds[$__rate_interval]))'),
    threshold('C', 'A', 'gt', 1),
  ]),
  rule('logs', [query('A', 'sum(rate({app="orders"}[5m]))', 'loki'), threshold('C', 'A', 'gt', 1)]),
  rule('gone', [{ ...query('A', latency), datasourceUid: 'deleted' }, threshold('C', 'A', 'gt', 1)]),
  rule('locked', [{ ...query('A', latency), datasourceUid: 'locked' }, threshold('C', 'A', 'gt', 1)]),
  rule('recorded', [query('A', latency)], { record: { metric: 'orders:latency', from: 'A' } }),
  rule('renamed', [query('A', latency), threshold('C', 'A', 'gt', 1)], { title: 'Renamed' }),
  rule('unlinked', [query('A', latency), threshold('C', 'A', 'gt', 1)], {
    title: 'Unlinked',
    labels: { severity: 'critical' },
  }),
  rule('unlinked-other', [query('A', free), threshold('C', 'A', 'lt', 5)], {
    title: 'Unlinked',
    labels: { severity: 'warning' },
  }),
];

const pods = ['orders-0', 'orders-1', 'orders-2'].map((name) => ({
  name,
  madeBy: ['StatefulSet', 'orders'] as [string, string],
}));
const labels = { statefulset: 'orders', alertname: 'OrdersLatency', grafana_folder: 'Shop' };
const link = (uid: string) => `http://grafana.example.com/sub/alerting/grafana/${uid}/view?orgId=1`;

describe('an alert of a rule that Grafana manages', () => {
  let directory = '';
  let prometheus: Prometheus;
  let grafana: Grafana;
  const closing = new AsyncDisposableStack();

  before(async () => {
    const exporter = createServer((_request, response) => response.end(exported)).listen(0, '127.0.0.1');
    closing.defer(() => {
      exporter.close();
      exporter.closeAllConnections();
    });
    const locked = createServer((_request, response) => response.writeHead(401).end()).listen(0, '127.0.0.1');
    closing.defer(() => {
      locked.close();
      locked.closeAllConnections();
    });
    await Promise.all([once(exporter, 'listening'), once(locked, 'listening')]);
    const addressOf = (server: typeof exporter) => `127.0.0.1:${(server.address() as AddressInfo).port}`;
    directory = await mkdtemp(join(tmpdir(), 'flamepin-grafana-rules-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    prometheus = await startPrometheus(
      directory,
      { job: 'shop', targets: [{ address: addressOf(exporter) }] },
      // A rule of the same name that has nothing to do with Grafana's.
      {
        rules: JSON.stringify({
          groups: [{ name: 'a', rules: [{ alert: 'OrdersLatency', expr: `${free} < 5` }] }],
        }),
      },
    );
    closing.defer(() => prometheus.stop());
    grafana = await startGrafana({
      rules,
      dataSources: {
        metrics: { type: 'prometheus', url: prometheus.url },
        locked: { type: 'prometheus', url: `http://${addressOf(locked)}` },
        logs: { type: 'loki', url: prometheus.url },
      },
    });
    closing.defer(() => grafana.close());
    await waitFor('the first scrape', 60_000, async () => {
      const rows = await queryNow(prometheus, 'latency_seconds', AbortSignal.timeout(10_000));
      return rows.length > 0 || undefined;
    });
  });
  beforeEach(() => {
    grafana.setRights({ readRules: true, readProvisioning: true, queryDataSources: true });
    grafana.setRuleByUid(true);
  });
  after(() => closing.disposeAsync());

  const shopWith = (settings: Partial<KubernetesSettings> = {}): Promise<ShopCluster> =>
    shopCluster({
      pods,
      settings: { grafana: { url: grafana.url, token: { read: () => grafana.token } }, ...settings },
    });

  const cases: { what: string; uid: string; pod: string; why: RegExp }[] = [
    {
      what: 'is about the pod that the query behind its condition leads to',
      uid: 'simple',
      pod: 'orders-1',
      why: /^highest of 3 pods by the alert's own expression from Grafana's rule: 7, the next 0\.3/,
    },
    {
      what: 'is about the lowest where the condition is below a number',
      uid: 'below',
      pod: 'orders-2',
      why: /^lowest of 3 pods by the alert's own expression from Grafana's rule: 1, the next 8/,
    },
    { what: 'may have a query without a type', uid: 'untyped', pod: 'orders-1', why: /^highest/ },
    { what: 'may have a classic condition', uid: 'classic', pod: 'orders-1', why: /^highest/ },
    { what: 'may compare by math', uid: 'math', pod: 'orders-2', why: /^lowest/ },
    { what: "may use Grafana's variables", uid: 'variable', pod: 'orders-1', why: /^highest/ },
    {
      what: 'is measured by nothing where math has two queries',
      uid: 'math-two',
      pod: 'orders-0',
      why: /^first by name .*; the alert's own expression is unknown: its link has none, and its condition is made of several queries/,
    },
    {
      what: 'and where a classic condition has two',
      uid: 'classic-two',
      pod: 'orders-0',
      why: /its condition is made of several queries/,
    },
    {
      what: 'and where the condition is a range',
      uid: 'range',
      pod: 'orders-0',
      why: /its condition is neither above nor below a number/,
    },
    {
      what: 'and where the query is one of Loki',
      uid: 'logs',
      pod: 'orders-0',
      why: /its query is not one of Prometheus/,
    },
    {
      what: 'and where the data source is gone',
      uid: 'gone',
      pod: 'orders-0',
      why: /from Grafana's rule is not used: Grafana's data source proxy answers 404/,
    },
    {
      what: 'and where the data source refuses Grafana',
      uid: 'locked',
      pod: 'orders-0',
      why: /from Grafana's rule is not used: Grafana's data source proxy answers 400/,
    },
    {
      what: 'and where the rule only records',
      uid: 'recorded',
      pod: 'orders-0',
      why: /Grafana has no alerting rule with its name and labels/,
    },
    {
      what: 'and where the rule of the link has another name',
      uid: 'renamed',
      pod: 'orders-0',
      why: /Grafana has no alerting rule with its name and labels/,
    },
    { what: 'and where there is no such rule', uid: 'nowhere', pod: 'orders-0', why: /no alerting rule/ },
  ];
  for (const { what, uid, pod, why } of cases)
    it(what, async () => {
      await using shop = await shopWith();
      const target = await shop.resolve(labels, link(uid));
      assert.equal(target.name, pod, target.choice);
      assert.match(target.choice, why);
    });

  it('is read by the label of its rule, by provisioning, or from the list, as version and rights allow', async () => {
    const asked = async (given: Record<string, string>, uid: string) => {
      await using shop = await shopWith();
      const before = grafana.requests.length;
      const target = await shop.resolve({ ...labels, ...given }, uid === '' ? '' : link(uid));
      assert.equal(target.name, 'orders-1', target.choice);
      return grafana.requests.slice(before).filter((each) => each.startsWith('GET'));
    };
    const byUid = 'GET /api/ruler/grafana/api/v1/rule/simple';
    const provisioned = 'GET /api/v1/provisioning/alert-rules/simple';
    const list = 'GET /api/ruler/grafana/api/v1/rules';
    assert.deepEqual(await asked({ __alert_rule_uid__: 'simple' }, ''), [byUid]);
    grafana.setRuleByUid(false);
    assert.deepEqual(await asked({}, 'simple'), [byUid, provisioned]);
    grafana.setRights({ readProvisioning: false });
    assert.deepEqual(await asked({}, 'simple'), [byUid, provisioned, list]);
    assert.deepEqual(await asked({ alertname: 'Unlinked', severity: 'critical' }, ''), [list]);
  });

  it('says what Grafana refuses, and asks again the next time', async () => {
    await using shop = await shopWith();
    grafana.setRights({ readRules: false, readProvisioning: false });
    const unread = await shop.resolve(labels, link('simple'));
    assert.equal(unread.name, 'orders-0');
    assert.match(unread.choice, /the rules of Grafana cannot be read: it answers 403/);
    grafana.setRights({ readRules: true, queryDataSources: false });
    const unasked = await shop.resolve(labels, link('simple'));
    assert.equal(unasked.name, 'orders-0');
    assert.match(unasked.choice, /is not used: Grafana's data source proxy answers 403/);
    grafana.setRights({ queryDataSources: true });
    assert.equal((await shop.resolve(labels, link('simple'))).name, 'orders-1');
    await using stranger = await shopWith({ grafana: { url: grafana.url, token: { read: () => 'wrong' } } });
    assert.match((await stranger.resolve(labels, link('simple'))).choice, /it answers 401/);
  });

  it('is asked for once in a storm', async () => {
    await using shop = await shopWith();
    const before = grafana.requests.length;
    const targets = await Promise.all(Array.from({ length: 20 }, () => shop.resolve(labels, link('simple'))));
    assert.deepEqual(new Set(targets.map(({ name }) => name)), new Set(['orders-1']));
    const rulesAsked = grafana.requests.slice(before).filter((each) => each.startsWith('GET'));
    assert.equal(rulesAsked.length, 1, rulesAsked.join('\n'));
  });

  it('is something that doctor prepares for: it says whether the token may read the rules', async () => {
    const file = join(directory, 'flamepin.yaml');
    await writeFile(
      file,
      `grafana: {url: "${grafana.url}"}\nroutes: [{matchers: [], target: {kubernetes: {}}}]\n`,
    );
    const configuration = loadConfiguration(file, { FLAMEPIN_GRAFANA_TOKEN: grafana.token });
    const check = grafanaChecks(configuration).find(({ what }) => what === 'Grafana rules');
    assert.equal(await check?.look(), 'the token can read the 15 that Grafana manages');
    grafana.setRights({ readRules: false });
    const denied = await check?.look();
    assert.ok(typeof denied === 'string');
    assert.match(denied, /^not readable: Grafana answers 403\. .*alert\.rules:read/);
    const elsewhere = { ...configuration, targetKinds: ['host' as const] };
    assert.deepEqual(
      grafanaChecks(elsewhere).filter(({ what }) => what === 'Grafana rules'),
      [],
    );
  });

  it('is never measured by a rule of Prometheus that has the same name', async () => {
    await using shop = await shopCluster({ pods, settings: { prometheus } });
    const target = await shop.resolve(labels, link('simple'));
    assert.equal(target.name, 'orders-0', target.choice);
    assert.match(target.choice, /its rule is in Grafana, and grafana\.url and its token are not set/);
  });
});
