import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { choosePod, type Chosen } from '../../src/targets/kubernetes/choice/choose-pod.ts';
import { chooseSibling } from '../../src/targets/kubernetes/choice/choose-sibling.ts';
import type { Choosing } from '../../src/targets/kubernetes/choice/measure-pods.ts';
import { queryNow } from '../../src/targets/kubernetes/choice/prometheus.ts';
import { RuleExpressions } from '../../src/targets/kubernetes/choice/rule-expressions.ts';
import { Cluster } from '../../src/targets/kubernetes/connection/cluster.ts';
import { kubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { Failure } from '../../src/reasons/failure.ts';
import { fakeApiServer, type FakeApiServer } from '../cluster/fake-apiserver.ts';
import { pod } from '../given/pod.ts';
import { waitFor } from '../setup/process.ts';
import { prometheus3, startPrometheus, type Prometheus } from '../setup/prometheus.ts';

/** What the pods of several services, namespaces and clusters export, each line of its own scheme. */
const exported = `
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-x2x4z",uri="/report",le="10"} 0
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-x2x4z",uri="/report",le="40"} 100
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-x2x4z",uri="/report",le="+Inf"} 100
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-x2x4z",uri="/checkout",le="0.2"} 100
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-x2x4z",uri="/checkout",le="+Inf"} 100
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-q4k7p",uri="/checkout",le="1"} 0
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-q4k7p",uri="/checkout",le="6"} 100
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-q4k7p",uri="/checkout",le="+Inf"} 100
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-m0m0m",uri="/checkout",le="0.3"} 100
seconds_bucket{namespace="shop",deployment="checkout",pod="checkout-m0m0m",uri="/checkout",le="+Inf"} 100
latency{namespace="shop",pod="orders-0",method="PUT",quantile="0.5"} 90
latency{namespace="shop",pod="orders-0",method="GET",quantile="0.99"} 3
latency{namespace="shop",pod="orders-1",method="GET",quantile="0.99"} 8
latency{namespace="shop",pod="orders-1",method="GET",quantile="0.5"} 1
slow_bucket{namespace="shop",pod="orders-0",le="5"} 70
slow_bucket{namespace="shop",pod="orders-0",le="0.5"} 2
slow_bucket{namespace="shop",pod="orders-1",le="5"} 60
slow_bucket{namespace="shop",pod="orders-1",le="0.5"} 5
backlog{kubernetes_namespace="staging",pod="orders-0"} 99
backlog{kubernetes_namespace="shop",pod="orders-0"} 1
backlog{kubernetes_namespace="shop",pod="orders-1"} 4
lag{namespace="staging",pod="orders-0"} 99
lag{namespace="shop",pod="orders-0"} 1
lag{namespace="shop",pod="orders-1"} 4
load{cluster="eu",namespace="shop",pod="orders-0"} 9
load{cluster="eu",namespace="shop",pod="orders-1"} 2
load{cluster="us",namespace="shop",pod="orders-0"} 3
load{cluster="us",namespace="shop",pod="orders-1"} 50
threads{exported_pod="orders-0",exported_namespace="shop",pod="exporter",namespace="metrics"} 9
threads{exported_pod="orders-1",exported_namespace="shop",pod="exporter",namespace="metrics"} 10
threads{exported_pod="orders-0",exported_namespace="staging",pod="exporter",namespace="metrics"} 99
open{k8s_pod_name="orders-0",k8s_namespace_name="staging"} 99
open{k8s_pod_name="orders-0",k8s_namespace_name="shop"} 9
open{k8s_pod_name="orders-1",k8s_namespace_name="shop"} 10
free{namespace="shop",pod="orders-0",pool="a"} 50
free{namespace="shop",pod="orders-0",pool="b"} 1
free{namespace="shop",pod="orders-1",pool="a"} 20
free{namespace="shop",pod="orders-1",pool="b"} 19
`;

/** Names that only Prometheus 3 takes, as OpenTelemetry writes them. */
const exportedUtf8 = `
{"http.latency","k8s.namespace.name"="shop","k8s.pod.name"="orders-0","http.route"="/report"} 90
{"http.latency","k8s.namespace.name"="shop","k8s.pod.name"="orders-0","http.route"="/checkout"} 1
{"http.latency","k8s.namespace.name"="shop","k8s.pod.name"="orders-1","http.route"="/checkout"} 4
{"http.latency","k8s.namespace.name"="staging","k8s.pod.name"="orders-0","http.route"="/checkout"} 99
{"http.sessions","service.name"="orders","k8s.pod.name"="orders-0","k8s.namespace.name"="shop"} 2
{"http.sessions","service.name"="orders","k8s.pod.name"="orders-1","k8s.namespace.name"="shop"} 7
`;

const checkout = ['checkout-m0m0m', 'checkout-q4k7p', 'checkout-x2x4z'];
const orders = ['orders-0', 'orders-1'];
const latency = 'max by (namespace, method, quantile) (latency) > 2';

interface Case {
  what: string;
  expression: string;
  labels?: Record<string, string>;
  cluster?: string;
  pods: string[];
  /** The pod that the expression leads to; null where it must not decide. */
  leads: string | null;
  why?: RegExp;
}

const cases: Case[] = [
  {
    what: 'the uri of the alert',
    expression:
      'histogram_quantile(0.95, sum by (le, namespace, deployment, uri) (seconds_bucket{job="shop"})) > 1',
    labels: { deployment: 'checkout', uri: '/checkout' },
    pods: checkout,
    leads: 'checkout-q4k7p',
    why: /: 5\.75, the next 0\.285; 1 row about another uri left out$/,
  },
  {
    what: 'the method of the alert',
    expression: latency,
    labels: { method: 'GET' },
    pods: orders,
    leads: 'orders-1',
    why: /1 row about another method left out$/,
  },
  {
    what: 'the quantile of the alert',
    expression: latency,
    labels: { quantile: '0.99' },
    pods: orders,
    leads: 'orders-1',
    why: /2 rows about another quantile left out$/,
  },
  {
    what: 'the bucket of the alert',
    expression: 'sum by (le) (slow_bucket) > 3',
    labels: { le: '0.5' },
    pods: orders,
    leads: 'orders-1',
    why: /: 5, the next 2; 2 rows about another le left out$/,
  },
  {
    what: 'its namespace, where a StatefulSet elsewhere has pods of the same names',
    expression: 'sum(lag) > 3',
    pods: orders,
    leads: 'orders-1',
  },
  {
    what: 'its namespace, where Prometheus calls it kubernetes_namespace',
    expression: 'sum(backlog) > 3',
    pods: orders,
    leads: 'orders-1',
  },
  {
    what: 'its namespace, where the series were exported by another pod',
    expression: 'sum(threads) > 3',
    pods: orders,
    leads: 'orders-1',
  },
  {
    what: 'its namespace, where OpenTelemetry names it',
    expression: 'sum(open) > 3',
    pods: orders,
    leads: 'orders-1',
  },
  {
    what: 'the cluster of the alert',
    expression: 'sum by (cluster) (load) > 3',
    labels: { cluster: 'eu' },
    pods: orders,
    leads: 'orders-0',
    why: /: 9, the next 2; 2 rows about another cluster left out$/,
  },
  {
    what: 'the cluster of the configuration',
    expression: 'sum(load) > 3',
    cluster: 'us',
    pods: orders,
    leads: 'orders-1',
    why: /: 50, the next 3; 2 rows about another cluster left out$/,
  },
  {
    what: 'no cluster, where nothing says which of two is meant',
    expression: 'sum(load) > 3',
    pods: orders,
    leads: null,
    why: /rows of the clusters eu, us, and neither a cluster label of the alert nor targets\.kubernetes\.cluster/,
  },
  {
    what: 'the worst of several rows of a pod, which for a threshold from below is the lowest',
    expression: 'free < 10',
    pods: orders,
    leads: 'orders-0',
    why: /^lowest of 2 pods by the alert's own expression: 1, the next 19$/,
  },
];

const casesUtf8: Case[] = [
  {
    what: 'the namespace and http.route of the alert',
    expression: 'max by ("http.route", "k8s.namespace.name") ({"http.latency"}) > 2',
    labels: { 'k8s.namespace.name': 'shop', 'http.route': '/checkout' },
    pods: orders,
    leads: 'orders-1',
    why: /: 4, the next 1; 1 row about another http\.route left out$/,
  },
  {
    what: 'the service.name of the alert',
    expression: 'sum by ("service.name") ({"http.sessions", "service.name"="orders"}) > 5',
    labels: { 'service.name': 'orders' },
    pods: orders,
    leads: 'orders-1',
    why: /: 7, the next 2$/,
  },
];

for (const version of [2, 3])
  describe(`in Prometheus ${version}, the pod that the expression of an alert leads to has`, () => {
    let directory = '';
    let exporter: Server;
    let prometheus: Prometheus;
    let apiServer: FakeApiServer;

    before(async () => {
      exporter = createServer((_request, response) => {
        response.setHeader('Content-Type', 'text/plain; version=0.0.4');
        response.end(version === 3 ? exported + exportedUtf8 : exported);
      }).listen(0, '127.0.0.1');
      await once(exporter, 'listening');
      directory = await mkdtemp(join(tmpdir(), 'flamepin-rows-'));
      const targets = [{ address: `127.0.0.1:${(exporter.address() as AddressInfo).port}` }];
      const program = version === 3 ? await prometheus3() : undefined;
      prometheus = await startPrometheus(directory, { job: 'shop', targets }, undefined, program);
      // Without metrics.k8s.io, so that only the expression can tell the pods apart.
      apiServer = await fakeApiServer({
        request: (_request, response) => {
          response.statusCode = 404;
          response.end('{}');
        },
      });
      await waitFor('the first scrape', 60_000, async () => {
        const rows = await queryNow(prometheus, 'load', AbortSignal.timeout(10_000));
        return rows.length > 0 || undefined;
      });
    });
    after(async () => {
      await prometheus.stop();
      await apiServer[Symbol.asyncDispose]();
      exporter.close();
      exporter.closeAllConnections();
      await rm(directory, { recursive: true, force: true });
    });

    const candidates = (names: string[]): [Pod, ...Pod[]] => {
      const [first = pod(), ...others] = names.map((name) => pod({ name }));
      return [first, ...others];
    };
    const choosing = ({ expression, labels, cluster }: Omit<Case, 'what' | 'leads' | 'pods'>): Choosing => ({
      cluster: new Cluster(kubernetesApi(apiServer.access)),
      prometheus,
      rules: new RuleExpressions({ prometheus: null, grafana: null }),
      generatorUrl: `http://prometheus:9090/graph?g0.expr=${encodeURIComponent(expression)}`,
      meant: { labels: { alertname: 'Slow', namespace: 'shop', ...labels }, cluster: cluster ?? null },
      open: () => ({ run: () => Promise.reject(new Failure('exec-unavailable')) }),
      container: () => 'app',
    });
    const { signal } = new AbortController();

    for (const { what, pods, leads, why, ...given } of version === 3 ? [...cases, ...casesUtf8] : cases)
      it(what, async () => {
        const chosen: Chosen = await choosePod(candidates(pods), choosing(given), signal);
        if (leads === null) assert.match(chosen.why, /^first by name/);
        else assert.equal(chosen.pod.metadata.name, leads, chosen.why);
        assert.match(chosen.why, why ?? /by the alert's own expression/);
      });

    it('a typical sibling by the same rows, though the alert names the one pod', async () => {
      const [alerting, ...others] = ['checkout-q4k7p', 'checkout-m0m0m', 'checkout-x2x4z'];
      const labels = {
        deployment: 'checkout',
        uri: '/checkout',
        pod: alerting ?? '',
        instance: '10.0.0.1:80',
      };
      const sibling = await chooseSibling(
        candidates(others),
        choosing({ expression: 'histogram_quantile(0.95, seconds_bucket) > 1', labels }),
        signal,
      );
      assert.equal(sibling.pod.metadata.name, 'checkout-x2x4z');
      assert.match(sibling.why, /by the alert's own expression: 0\.19; 1 row about another uri left out$/);
    });
  });
