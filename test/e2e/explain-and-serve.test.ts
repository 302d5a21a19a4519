import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { strictCluster, type GivenObject, type StrictCluster } from '../given/strict-cluster.ts';
import { kubeconfigFor } from '../given/kubeconfig.ts';
import { captureWhen, fire, isFinal } from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';
import { runFlamepin, type Ended } from '../setup/run-flamepin.ts';

/** Both commands get the same notification, configuration and API server, and have to say the same. */

const deadlineMs = 60_000;
const began = '2026-11-23T01:14:07.312Z';

const one = 'checkout-7d9f8c6b5-x2x4z';
const objects: GivenObject[] = [
  { kind: 'Deployment', namespace: 'shop', name: 'checkout', pods: [one], address: '10.42.3.17' },
  { kind: 'Service', namespace: 'shop', name: 'checkout', pods: [one] },
  {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'pricing',
    pods: ['pricing-5c8b-q4k7p', 'pricing-5c8b-x2x4z'],
  },
  { kind: 'StatefulSet', namespace: 'shop', name: 'orders', pods: ['orders-0', 'orders-1'] },
  { kind: 'StatefulSet', namespace: 'a', name: 'cassandra', pods: ['cassandra-0'] },
  { kind: 'StatefulSet', namespace: 'b', name: 'cassandra', pods: ['cassandra-0'] },
  {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'private',
    pods: ['private-1'],
    annotations: { 'flamepin.io/profile': 'deny' },
  },
  {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'restarted',
    pods: ['restarted-1'],
    started: '2026-11-23T02:00:00Z',
  },
  { kind: 'Deployment', namespace: 'shop', name: 'idle', pods: [] },
  { kind: 'Deployment', namespace: 'other', name: 'billing', pods: ['billing-1'] },
];

/** Prometheus has a value for the alert's own uri, and a larger one that is not about this alert. */
const rows = [
  { metric: { pod: 'pricing-5c8b-x2x4z', namespace: 'shop', uri: '/report' }, value: [1, '30'] },
  { metric: { pod: 'pricing-5c8b-x2x4z', namespace: 'shop', uri: '/checkout' }, value: [1, '0.2'] },
  { metric: { pod: 'pricing-5c8b-q4k7p', namespace: 'shop', uri: '/checkout' }, value: [1, '5'] },
];
const byUri =
  'histogram_quantile(0.95, sum by (le, namespace, deployment, uri) (rate(http_server_requests_seconds_bucket[5m]))) > 1';

interface Case {
  what: string;
  labels: Record<string, string>;
  expression?: string;
  /** Outcome, then what comes of the capture: a pod, a code, or `several` where only an exec tells. */
  expected: string;
  /** The same where all namespaces are searched, if that differs. */
  everywhere?: string;
}

const cases: Case[] = [
  {
    what: 'a Deployment whose pods differ by uri',
    labels: { namespace: 'shop', deployment: 'pricing', uri: '/checkout' },
    expression: byUri,
    expected: 'queued: pricing-5c8b-q4k7p',
  },
  {
    what: 'one name in two namespaces',
    labels: { service: 'cassandra' },
    expected: 'queued: target-ambiguous',
  },
  {
    what: 'the same as a StatefulSet',
    labels: { statefulset: 'cassandra' },
    expected: 'queued: target-ambiguous',
  },
  {
    what: 'the same as an application with a uri',
    labels: { application: 'cassandra', uri: '/checkout' },
    expected: 'queued: target-ambiguous',
  },
  {
    what: 'dotted labels',
    labels: {
      'service.name': 'checkout',
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': one,
      'http.route': '/x',
    },
    expected: `queued: ${one}`,
  },
  {
    what: 'the service behind an ingress',
    labels: {
      exported_namespace: 'shop',
      exported_service: 'checkout',
      ingress: 'checkout',
      path: '/checkout',
    },
    expected: `queued: ${one}`,
  },
  {
    what: 'an exported namespace',
    labels: { exported_namespace: 'shop', namespace: 'monitoring', service: 'checkout' },
    expected: `queued: ${one}`,
  },
  {
    what: 'Traefik’s service',
    labels: { namespace: 'shop', service: 'shop-checkout-8080@kubernetes' },
    expected: `queued: ${one}`,
  },
  {
    what: 'a value that cannot be a name',
    labels: { namespace: 'shop', service: 'not/a name' },
    expected: 'unmappable: no-target-labels',
  },
  {
    what: 'an autoscaler without a namespace',
    labels: { horizontalpodautoscaler: 'checkout' },
    expected: 'queued: target-not-found',
    everywhere: 'queued: target-ambiguous',
  },
  {
    what: 'Spring’s application with a uri',
    labels: { application: 'checkout', uri: '/checkout', method: 'POST' },
    expected: `queued: ${one}`,
  },
  {
    what: 'WildFly’s deployment, which is an archive',
    labels: { deployment: 'shop.war', instance: '10.42.3.17:9990', job: 'integrations/wildfly' },
    expected: `queued: ${one}`,
  },
  {
    what: 'Istio’s destination',
    labels: { destination_service: 'checkout.shop.svc.cluster.local' },
    expected: `queued: ${one}`,
  },
  {
    what: 'a StatefulSet whose pods nothing tells apart',
    labels: { namespace: 'shop', statefulset: 'orders' },
    expected: 'queued: several',
  },
  {
    what: 'a pod that opted out',
    labels: { namespace: 'shop', deployment: 'private' },
    expected: 'queued: target-denied',
  },
  {
    what: 'a pod that restarted since',
    labels: { namespace: 'shop', deployment: 'restarted' },
    expected: 'queued: target-restarted',
  },
  {
    what: 'a pod that is gone',
    labels: { namespace: 'shop', pod: 'checkout-0' },
    expected: 'queued: target-not-found',
  },
  {
    what: 'a workload without pods',
    labels: { namespace: 'shop', deployment: 'idle' },
    expected: 'queued: target-not-found',
  },
  {
    what: 'another cluster',
    labels: { cluster: 'us', namespace: 'shop', pod: one },
    expected: 'unmappable: other-cluster',
  },
  {
    what: 'a namespace that is not configured',
    labels: { namespace: 'other', deployment: 'billing' },
    expected: 'unmappable: namespace-not-configured',
    everywhere: 'queued: billing-1',
  },
  {
    what: 'no label that leads anywhere',
    labels: { severity: 'critical' },
    expected: 'unmappable: no-target-labels',
  },
  {
    what: 'Grafana’s test button',
    labels: { alertname: 'TestAlert', instance: 'Grafana' },
    expected: 'ignored: test-alert',
  },
];

const toldSchema = z.array(
  z.looseObject({
    alert: z.looseObject({ fingerprint: z.string() }),
    outcome: z.string(),
    reason: z.looseObject({ code: z.string(), detail: z.string(), remedy: z.string() }).nullable(),
    finding: z.object({
      result: z.string(),
      end: z.string().nullable(),
      reason: z.looseObject({ code: z.string() }).nullable(),
    }),
    target: z.looseObject({ uri: z.string().nullable(), choice: z.string().nullable() }).nullable(),
  }),
);
type Explained = z.infer<typeof toldSchema>[number];

const fingerprintOf = (at: number): string => `00000000000000${String(at).padStart(2, '0')}`;

const notification = JSON.stringify({
  version: '4',
  status: 'firing',
  alerts: cases.map(({ labels, expression }, at) => ({
    status: 'firing',
    labels: { alertname: 'HighRequestLatency', ...labels },
    annotations: {},
    startsAt: began,
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL:
      expression === undefined
        ? ''
        : `http://prometheus:9090/graph?g0.expr=${encodeURIComponent(expression)}`,
    fingerprint: fingerprintOf(at),
  })),
});

for (const where of ['in configured namespaces', 'everywhere', 'in mode observe'] as const)
  describe(`explain and serve, of the same alerts, ${where}`, () => {
    let directory: string;
    let cluster: StrictCluster;
    let told: Explained[];
    let page: string;
    let sentByExplain: string[];
    let flamepin: RunningFlamepin;
    const sentToPrometheus: string[] = [];
    const prometheus = createServer((request, response) => {
      sentToPrometheus.push(`${request.method ?? ''} ${request.url ?? ''}`);
      request.resume();
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: rows } }));
    });

    const explain = (...args: string[]): Promise<Ended> =>
      runFlamepin(['explain', ...args], { cwd: directory });

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'flamepin-explain-'));
      cluster = await strictCluster(objects);
      prometheus.listen(0, '127.0.0.1');
      await once(prometheus, 'listening');
      const kubeconfig = join(directory, 'kubeconfig');
      await writeFile(kubeconfig, kubeconfigFor(cluster.server));
      const configuration = `
mode: ${where === 'in mode observe' ? 'observe' : 'capture'}
server: {port: 0}
routes: [{matchers: [], cooldown: 0s, target: {kubernetes: {}}}]
targets: {kubernetes: {kubeconfig: ${kubeconfig}, cluster: eu, ${where === 'everywhere' ? '' : 'namespaces: [shop, a, b]'}}}
prometheus: {url: "http://127.0.0.1:${(prometheus.address() as AddressInfo).port}"}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
limits: {total: 50, perNode: 50}
`;
      flamepin = await startFlamepin(directory, configuration);
      const file = join(directory, 'notification.json');
      await writeFile(file, notification);
      const config = join(directory, 'flamepin.yaml');
      const json = await explain(file, '--json', '--config', config);
      assert.equal(json.code, 0, json.stderr + json.stdout);
      told = toldSchema.parse(JSON.parse(json.stdout));
      sentByExplain = [...cluster.requests, ...sentToPrometheus];
      page = (await explain(file, '--config', config)).stdout;
    });
    after(async () => {
      await flamepin.stop();
      await cluster[Symbol.asyncDispose]();
      prometheus.close();
      await rm(directory, { recursive: true, force: true });
    });

    const expectedOf = ({ expected, everywhere }: Pick<Case, 'expected' | 'everywhere'>): string => {
      if (where === 'in mode observe') return expected.replace('queued', 'observed');
      return (where === 'everywhere' ? everywhere : undefined) ?? expected;
    };
    const verdict = ({ outcome, reason, finding, target }: Explained): string => {
      if (finding.result === 'needs-exec') return `${outcome}: several`;
      if (finding.result === 'found') return `${outcome}: ${podIn(target?.uri)}`;
      return `${outcome}: ${(finding.reason ?? reason)?.code ?? ''}`;
    };
    for (const [at, { what, ...each }] of cases.entries()) {
      const expected = expectedOf(each);
      it(`${what}: ${expected}`, () => {
        const answer = told[at];
        assert.ok(answer);
        assert.equal(verdict(answer), expected, JSON.stringify(answer.reason));
      });
    }

    it('serve answers the same, with the same target or the same reason', async () => {
      const response = await fetch(`${flamepin.url}/webhooks/alertmanager`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: notification,
        signal: AbortSignal.timeout(deadlineMs),
      });
      const { alerts } = z
        .object({
          alerts: z.array(
            z.looseObject({
              outcome: z.string(),
              captureId: z.string().optional(),
              reason: z.looseObject({ code: z.string() }).optional(),
            }),
          ),
        })
        .parse(await response.json());
      for (const [at, { outcome, captureId, reason }] of alerts.entries()) {
        const answer = told[at];
        const name = cases[at]?.what ?? '';
        assert.ok(answer);
        assert.equal(answer.outcome, outcome, name);
        if (captureId === undefined) {
          assert.equal(answer.reason?.code, reason?.code, name);
          if (outcome === 'observed') assert.equal(answer.reason?.detail, await seenDetail(at), name);
          continue;
        }
        const capture = await captureWhen(flamepin, captureId, 'end', deadlineMs, isFinal);
        const uri = capture.target === null ? null : String(capture.target['uri']);
        if (answer.finding.result === 'needs-exec') {
          assert.ok(answer.reason?.detail.includes(podIn(uri)), `${name}: ${String(uri)}`);
          continue;
        }
        assert.equal(answer.target?.uri ?? null, uri, name);
        if (uri === null) {
          assert.deepEqual(
            [answer.finding.end, answer.reason?.code, answer.reason?.detail],
            [capture.state, capture.reason?.code, capture.reason?.detail],
            name,
          );
        } else assert.equal(answer.target?.choice, capture.target?.choice, name);
      }
    });

    /** What serve writes into the reason of an observed alert, once it has looked for the target. */
    const seenDetail = (at: number): Promise<string> =>
      waitFor('what would have been profiled', deadlineMs, async () => {
        const response = await fetch(`${flamepin.url}/alerts/${fingerprintOf(at)}`, {
          headers: { accept: 'application/json' },
          signal: AbortSignal.timeout(deadlineMs),
        });
        const { reason } = z
          .object({ reason: z.object({ detail: z.string() }) })
          .parse(await response.json());
        return reason.detail === '' ? undefined : reason.detail;
      });

    it('explain only reads, and runs nothing in a target; neither does mode observe', () => {
      const strangers = sentByExplain.filter((each) => !/^GET \/api|^POST \/api\/v1\/query$/.test(each));
      assert.deepEqual(strangers, []);
      assert.ok(sentByExplain.length > 20, sentByExplain.join('\n'));
      const execs = cluster.requests.filter((each) => each.startsWith('exec '));
      assert.equal(execs.length > 0, where !== 'in mode observe');
    });

    it('the page says which label led where, which gave way, and who is chosen', () => {
      const wildfly = page.split('\n\n').find((block) => block.includes('shop.war')) ?? '';
      assert.match(wildfly, /^ {2}looked for {3}Deployment shop\.war \(label deployment\)$/m);
      assert.match(wildfly, /^ {2}found {8}kubernetes:\/\/shop\/checkout-7d9f8c6b5-x2x4z\/app/m);
      assert.match(
        wildfly,
        /^ {2}chosen {7}by the label instance, for the label deployment leads nowhere: /m,
      );
    });
  });

describe('explain and serve, of an alert about another machine, with a host route', () => {
  it('both say not-here, with the same detail', async () => {
    await using cleanup = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-explain-'));
    cleanup.defer(() => rm(directory, { recursive: true, force: true }));
    const flamepin = await startFlamepin(
      directory,
      'server: {port: 0}\nroutes: [{matchers: [], target: {host: {process: ".*"}}}]\n',
    );
    cleanup.defer(() => flamepin.stop());
    const others: Record<string, string>[] = [
      { node: 'app-42' },
      { host: 'localhost', context: '/shop', instance: 'app-42.example.com:9404', job: 'tomcat' },
    ];
    for (const [at, labels] of others.entries()) {
      const answer = await fire(flamepin, fingerprintOf(at), labels);
      const flags = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
      const { stdout } = await runFlamepin(['explain', '--json', '--config', 'flamepin.yaml', ...flags], {
        cwd: directory,
      });
      const [told] = toldSchema.parse(JSON.parse(stdout));
      assert.deepEqual(
        [told?.outcome, told?.reason?.code, told?.reason?.detail],
        ['not-here', answer.reason?.code, answer.reason?.detail],
      );
      assert.equal(answer.outcome, 'not-here');
    }
  });
});

const podIn = (uri: string | null | undefined): string =>
  /^kubernetes:\/\/[^/]+\/([^/]+)\//.exec(uri ?? '')?.[1] ?? String(uri);
