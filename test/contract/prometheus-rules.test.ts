import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { prometheusChecks } from '../../src/commands/doctor-prometheus.ts';
import type { PrometheusSettings } from '../../src/targets/kubernetes/choice/prometheus.ts';
import { queryNow } from '../../src/targets/kubernetes/choice/prometheus.ts';
import { shopCluster, type ShopCluster } from '../given/shop-cluster.ts';
import { waitFor } from '../setup/process.ts';
import { prometheus3, startPrometheus, type Prometheus } from '../setup/prometheus.ts';

/** What the pods export. By name alone orders-0 would be taken. */
const exported = `
latency_seconds{namespace="shop",statefulset="orders",pod="orders-0"} 0.2
latency_seconds{namespace="shop",statefulset="orders",pod="orders-1"} 7
latency_seconds{namespace="shop",statefulset="orders",pod="orders-2"} 0.3
free_connections{namespace="shop",pod="orders-0"} 9
free_connections{namespace="shop",pod="orders-1"} 8
free_connections{namespace="shop",pod="orders-2"} 1
requests_seconds_bucket{namespace="shop",deployment="web",pod="web-7d9f-b2b2b",le="1"} 100
requests_seconds_bucket{namespace="shop",deployment="web",pod="web-7d9f-b2b2b",le="+Inf"} 100
requests_seconds_bucket{namespace="shop",deployment="web",pod="web-7d9f-c2c2c",le="1"} 0
requests_seconds_bucket{namespace="shop",deployment="web",pod="web-7d9f-c2c2c",le="3"} 100
requests_seconds_bucket{namespace="shop",deployment="web",pod="web-7d9f-c2c2c",le="+Inf"} 100
requests_seconds_bucket{namespace="shop",deployment="web",pod="web-7d9f-z9z9z",le="1"} 0
requests_seconds_bucket{namespace="shop",deployment="web",pod="web-7d9f-z9z9z",le="5"} 100
requests_seconds_bucket{namespace="shop",deployment="web",pod="web-7d9f-z9z9z",le="+Inf"} 100
`;

const latency = 'max by (namespace, statefulset) (latency_seconds) > 1';
const free = 'min by (namespace) (free_connections) < 5';
const rules = {
  groups: [
    {
      name: 'shop',
      rules: [
        { alert: 'OrdersLatency', expr: latency },
        { alert: 'Backlog', expr: latency, labels: { severity: 'warning', area: 'orders' } },
        { alert: 'Backlog', expr: free, labels: { severity: 'critical', area: 'orders' } },
        { alert: 'Ambiguous', expr: latency, labels: { severity: 'warning' } },
        { alert: 'Ambiguous', expr: free, labels: { severity: 'warning' } },
        { alert: 'SameTwice', expr: free, for: '1m' },
        { alert: 'SameTwice', expr: free, for: '1h' },
        {
          alert: 'Templated',
          expr: free,
          labels: { severity: '{{ if lt $value 2.0 }}critical{{ else }}warning{{ end }}', area: 'orders' },
        },
        { alert: 'Templated', expr: latency, labels: { area: 'invoices' } },
        {
          alert: 'WebLatency',
          expr: 'histogram_quantile(0.9, sum by (le, namespace, deployment) (requests_seconds_bucket)) > 1',
        },
        { alert: 'OfNobody', expr: 'sum(nowhere) > 1' },
      ],
    },
    { name: 'recorded', rules: [{ record: 'OrdersRecorded', expr: 'sum(latency_seconds)' }] },
  ],
};

async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const pods = ['orders-0', 'orders-1', 'orders-2'].map((name) => ({
  name,
  madeBy: ['StatefulSet', 'orders'] as [string, string],
}));
const orders = { statefulset: 'orders' };
const ordersIn = (prometheus: PrometheusSettings): Promise<ShopCluster> =>
  shopCluster({ pods, settings: { prometheus } });

for (const version of [2, 3])
  describe(`an alert whose link has no expression, where Prometheus ${version} has its rule,`, () => {
    let directory = '';
    let prometheus: Prometheus;
    let cluster: ShopCluster;
    const closing = new AsyncDisposableStack();

    before(async () => {
      const exporter = closing.use(
        await serving((_request, response) => {
          response.setHeader('Content-Type', 'text/plain; version=0.0.4');
          response.end(exported);
        }),
      );
      directory = await mkdtemp(join(tmpdir(), 'flamepin-rules-'));
      closing.defer(() => rm(directory, { recursive: true, force: true }));
      prometheus = await startPrometheus(
        directory,
        { job: 'shop', targets: [{ address: new URL(exporter.url).host }] },
        { rules: JSON.stringify(rules) },
        version === 3 ? await prometheus3() : undefined,
      );
      closing.defer(() => prometheus.stop());
      cluster = closing.use(await ordersIn(prometheus));
      await waitFor('the first scrape', 60_000, async () => {
        const rows = await queryNow(prometheus, 'latency_seconds', AbortSignal.timeout(10_000));
        return rows.length > 0 || undefined;
      });
    });
    after(() => closing.disposeAsync());

    const cases: { what: string; labels: Record<string, string>; pod: string; why: RegExp }[] = [
      {
        what: 'is about the pod that the expression of its rule leads to',
        labels: { alertname: 'OrdersLatency' },
        pod: 'orders-1',
        why: /^highest of 3 pods by the alert's own expression from Prometheus' rules: 7, the next 0\.3/,
      },
      {
        what: 'is about the lowest where its rule fires below a threshold',
        labels: { alertname: 'SameTwice' },
        pod: 'orders-2',
        why: /^lowest of 3 pods by the alert's own expression from Prometheus' rules: 1, the next 8/,
      },
      {
        what: 'is told from another of its name by the labels of their rules',
        labels: { alertname: 'Backlog', severity: 'critical', area: 'orders' },
        pod: 'orders-2',
        why: /^lowest of 3 pods/,
      },
      {
        what: 'and so is the other',
        labels: { alertname: 'Backlog', severity: 'warning', area: 'orders' },
        pod: 'orders-1',
        why: /^highest of 3 pods/,
      },
      {
        what: 'is not judged by a label whose value its rule only makes from a template',
        labels: { alertname: 'Templated', severity: 'critical', area: 'orders' },
        pod: 'orders-2',
        why: /^lowest of 3 pods/,
      },
      {
        what: 'is measured by nothing where two rules could be its own',
        labels: { alertname: 'Ambiguous', severity: 'warning' },
        pod: 'orders-0',
        why: /^first by name .*; the alert's own expression is unknown: its link has none, and 2 alerting rules with its name match its labels, and their expressions differ/,
      },
      {
        what: 'is measured by nothing where no rule fits its labels',
        labels: { alertname: 'Backlog', severity: 'info' },
        pod: 'orders-0',
        why: /^first by name .*its link has none, and Prometheus has no alerting rule with its name and labels/,
      },
      {
        what: 'is never measured by a recording rule of its name',
        labels: { alertname: 'OrdersRecorded' },
        pod: 'orders-0',
        why: /^first by name .*no alerting rule with its name/,
      },
      {
        what: 'is about the first by name where the series of its rule have no pods',
        labels: { alertname: 'OfNobody' },
        pod: 'orders-0',
        why: /^first by name of 3 pods: nothing tells them apart/,
      },
    ];
    for (const { what, labels, pod, why } of cases)
      it(what, async () => {
        const target = await cluster.resolve({ ...orders, ...labels });
        assert.equal(target.name, pod, target.choice);
        assert.match(target.choice, why);
      });

    it('is about the pod of a Deployment that is slow, and its sibling is a typical one', async () => {
      await using web = await shopCluster({
        pods: ['b2b2b', 'c2c2c', 'z9z9z'].map((end) => ({ name: `web-7d9f-${end}` })),
        settings: { prometheus },
      });
      const labels = { deployment: 'web', alertname: 'WebLatency' };
      const target = await web.resolve(labels);
      assert.equal(target.name, 'web-7d9f-z9z9z', target.choice);
      assert.match(
        target.choice,
        /by the alert's own expression from Prometheus' rules: 4\.6, the next 2\.8/,
      );
      const sibling = await web.sibling(target, labels);
      assert.equal(sibling?.name, 'web-7d9f-b2b2b', sibling?.choice);
      assert.match(
        sibling.choice,
        /typical of 2 other pods by the alert's own expression from Prometheus' rules/,
      );
    });

    it('may have a link of vmalert, or one without a host whose expression leads nowhere', async () => {
      for (const link of [
        'http://vmalert:8080/vmalert/alert?group_id=1&alert_id=2',
        '/graph?g0.expr=sum%28x%29+%3E+1&g0.tab=1',
        'https://prometheus.example.com/moved',
        'not a link',
      ]) {
        const target = await cluster.resolve({ ...orders, alertname: 'OrdersLatency' }, link);
        assert.equal(target.name, 'orders-1', `${link}: ${target.choice}`);
      }
    });

    it('needs no rules where its link without a host has the expression', async () => {
      const link = `/graph?g0.expr=${encodeURIComponent(free)}&g0.tab=1`;
      const target = await cluster.resolve({ ...orders, alertname: 'OrdersLatency' }, link);
      assert.equal(target.name, 'orders-2', target.choice);
      assert.match(target.choice, /by the alert's own expression: 1, the next 8/);
    });

    it('finds its rule at vmalert, where that is another server than the one with the series', async () => {
      await using vmalert = await serving((request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://vmalert');
        if (pathname !== '/vmalert/api/v1/rules' || searchParams.get('type') !== 'alert') {
          response.statusCode = 400;
          response.end(`unsupported path requested: ${pathname}`);
          return;
        }
        const rule = { state: 'firing', name: 'OrdersLatency', labels: {}, type: 'alerting', alerts: [] };
        response.end(
          JSON.stringify({
            status: 'success',
            data: {
              groups: [
                {
                  name: 'a',
                  rules: [
                    {
                      ...rule,
                      query: 'sum(latency_seconds)',
                      type: 'recording',
                      datasourceType: 'prometheus',
                    },
                    { ...rule, query: latency, datasourceType: 'prometheus' },
                    { ...rule, name: 'OrdersLogs', query: 'latency_seconds > 1', datasourceType: 'graphite' },
                  ],
                },
              ],
            },
          }),
        );
      });
      await using apart = await ordersIn({ ...prometheus, rulesUrl: `${vmalert.url}/vmalert` });
      const target = await apart.resolve({ ...orders, alertname: 'OrdersLatency' });
      assert.equal(target.name, 'orders-1', target.choice);
      assert.match(
        (await apart.resolve({ ...orders, alertname: 'OrdersLogs' })).choice,
        /its rule is not PromQL/,
      );
    });

    it('is something that doctor prepares for: it says whether the rules may be read', async () => {
      const doctorOf = async (settings: PrometheusSettings) => {
        const rulesCheck = prometheusChecks(settings).find(({ what }) => what === 'Prometheus rules');
        const seen = await rulesCheck?.look();
        assert.ok(typeof seen === 'object');
        return seen[0];
      };
      const readable = await doctorOf(prometheus);
      assert.deepEqual([readable?.ok, readable?.detail], [true, '11 alerting rules']);
      const wrong = await doctorOf({ url: `${prometheus.url}/mimir` });
      assert.equal(wrong?.ok, false);
      assert.match(wrong.detail, /\/mimir\/api\/v1\/rules answers 404; .* its slow pod is chosen by CPU/);
      assert.match(wrong.remedy, /ends in \/prometheus\. .*prometheus\.rulesUrl/);
      const away = await doctorOf({ url: 'http://127.0.0.1:1' });
      assert.match(away?.detail ?? '', /\/api\/v1\/rules did not answer \(ECONNREFUSED\);/);
      await using empty = await serving((_request, response) =>
        response.end('{"status":"success","data":{"groups":[]}}'),
      );
      const nothing = await doctorOf({ ...prometheus, rulesUrl: empty.url });
      assert.deepEqual(
        [nothing?.ok, nothing?.detail],
        [true, '0 alerting rules; name the server that evaluates them in prometheus.rulesUrl'],
      );
    });

    describe('asks a server', () => {
      /** In front of Prometheus, so that the test sees and disturbs what is asked of its rules. */
      const inFront = (rulesAnswer: (asked: number) => RequestListener | null) => {
        const asked: string[] = [];
        return serving((request, response) => {
          const pass = async () => {
            const body: Buffer[] = [];
            for await (const piece of request as AsyncIterable<Buffer>) body.push(piece);
            const answer = await fetch(`${prometheus.url}${request.url ?? ''}`, {
              method: request.method ?? 'GET',
              ...(request.method === 'POST' && {
                body: Buffer.concat(body),
                headers: { 'content-type': request.headers['content-type'] ?? '' },
              }),
            });
            response.statusCode = answer.status;
            response.end(await answer.text());
          };
          const listener =
            request.url?.startsWith('/api/v1/rules') === true ? rulesAnswer(asked.length) : null;
          if (request.url?.startsWith('/api/v1/rules') === true) asked.push(request.url);
          if (listener === null) void pass();
          else listener(request, response);
        }).then((server) => Object.assign(server, { asked }));
      };

      it('once for a storm of one name', async () => {
        await using server = await inFront(() => null);
        await using storm = await ordersIn({ url: server.url });
        const targets = await Promise.all(
          Array.from({ length: 30 }, () => storm.resolve({ ...orders, alertname: 'OrdersLatency' })),
        );
        assert.deepEqual(new Set(targets.map(({ name }) => name)), new Set(['orders-1']));
        assert.deepEqual(server.asked, [
          '/api/v1/rules?type=alert&exclude_alerts=true&rule_name%5B%5D=OrdersLatency',
        ]);
      });

      it('again after it refused, and says that it did', async () => {
        await using server = await inFront((asked) =>
          asked > 0
            ? null
            : (_request, response) => {
                response.statusCode = 403;
                response.end('RBAC: access denied');
              },
        );
        await using denied = await ordersIn({ url: server.url });
        const labels = { ...orders, alertname: 'OrdersLatency' };
        const first = await denied.resolve(labels);
        assert.equal(first.name, 'orders-0');
        assert.match(
          first.choice,
          /its link has none, and the rules of Prometheus cannot be read: it answers 403/,
        );
        assert.equal((await denied.resolve(labels)).name, 'orders-1');
      });

      it('for two seconds and no longer', async () => {
        await using server = await inFront(() => () => undefined);
        await using silent = await ordersIn({ url: server.url });
        const began = performance.now();
        const target = await silent.resolve({ ...orders, alertname: 'OrdersLatency' });
        assert.match(target.choice, /rules of Prometheus cannot be read: it did not answer within 2 s/);
        assert.ok(performance.now() - began < 8_000, `${performance.now() - began} ms`);
      });

      it('for a few megabytes and no more', async () => {
        await using server = await inFront(() => (_request, response) => {
          const piece = Buffer.alloc(65_536, 32);
          const flood = (): void => {
            while (!response.destroyed && response.write(piece));
          };
          response.on('drain', flood);
          flood();
        });
        await using flooding = await ordersIn({ url: server.url });
        const target = await flooding.resolve({ ...orders, alertname: 'OrdersLatency' });
        assert.match(
          target.choice,
          /rules of Prometheus cannot be read: it answers with more than 16777216 bytes/,
        );
      });

      it('never for an alert without a name', async () => {
        await using server = await inFront(() => null);
        await using nameless = await ordersIn({ url: server.url });
        const target = await nameless.resolve(orders);
        assert.match(target.choice, /^first by name/);
        assert.deepEqual(server.asked, []);
      });
    });
  });
