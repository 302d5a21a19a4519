import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { unlessBroken } from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';
import { startPrometheus, type Prometheus } from '../setup/prometheus.ts';
import { shopWorkload, switchFault } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';

const expression =
  'histogram_quantile(0.9, sum by (le) (rate(http_server_requests_seconds_bucket{uri="/checkout"}[10s]))) > 0.1';
/** The same for each pod that had requests, whether it fires or not. */
const ofEach =
  'histogram_quantile(0.9, sum by (le, pod) (rate(http_server_requests_seconds_bucket{uri="/checkout"}[10s]))) >= 0';
/** A rule about every uri of the service. */
const byUri = (...labels: string[]): string =>
  `histogram_quantile(0.9, sum by (${['le', ...labels].join(', ')}) (rate(http_server_requests_seconds_bucket[20s])))`;
const generatorUrl = `http://prometheus:9090/graph?g0.expr=${encodeURIComponent(expression)}&g0.tab=1`;

describe('one of three pods is slow without using CPU, and the alert names only the workload', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flamepin-slow-pod-'));
  let namespace: TestNamespace;
  let prometheus: Prometheus | undefined;
  let pods: Pod[];

  before(async () => {
    namespace = await testNamespace('slow-pod');
    await namespace.create(
      '/apis/apps/v1/namespaces/slow-pod/deployments',
      shopWorkload('Deployment', 'checkout', 3, { image: 'noshell' }),
    );
    pods = await namespace.readyPods('app=checkout', 3);
    prometheus = await startPrometheus(directory, {
      job: 'shop',
      targets: pods.map(({ metadata, status }) => ({
        address: `${status.podIP ?? ''}:9090`,
        labels: { namespace: 'slow-pod', pod: metadata.name },
      })),
    });
  });
  after(async () => {
    await using closing = new AsyncDisposableStack();
    closing.defer(() => rmSync(directory, { recursive: true, force: true }));
    closing.use(namespace);
    closing.defer(() => prometheus?.stop());
  });

  it('is found by the expression of the alert itself', async () => {
    const slow = pods[1];
    assert.ok(slow);
    await switchFault(slow, 'slow', { strength: 2000 });
    await onlySlow(slow);
    const targets = podTargets(namespace.api, {
      prometheus: { url: prometheus?.url ?? '' },
      protectOnlyReplica: false,
      requireOptIn: false,
    });
    const labels = { alertname: 'Slow', namespace: 'slow-pod', deployment: 'checkout' };
    const request = { labels, startsAt: new Date().toISOString(), generatorUrl };
    const target = await targets.resolve(request, AbortSignal.timeout(30_000));
    assert.equal(target.name, slow.metadata.name, target.choice);
    assert.match(target.choice, /highest of 3 pods by the alert's own expression/);

    const sibling = await targets.sibling?.(target, request, AbortSignal.timeout(30_000));
    assert.ok(sibling, 'one of the others is fit');
    assert.notEqual(sibling.name, slow.metadata.name);
    assert.match(sibling.choice, /typical of 2 other pods by the alert's own expression/);
  });

  it('is found among those of the uri that the alert names, though another one is slower elsewhere', async () => {
    const [, elsewhere, starved] = pods;
    assert.ok(elsewhere && starved);
    // Still slow from before, and by far: /checkout takes two seconds there. This one waits for connections in /orders.
    await switchFault(starved, 'pool', { strength: 7 });
    await slowByUri(elsewhere, starved);
    const targets = podTargets(namespace.api, {
      prometheus: { url: prometheus?.url ?? '' },
      protectOnlyReplica: false,
      requireOptIn: false,
    });
    const target = await targets.resolve(
      {
        labels: { alertname: 'Slow', namespace: 'slow-pod', deployment: 'checkout', uri: '/orders' },
        startsAt: new Date().toISOString(),
        generatorUrl: `http://prometheus:9090/graph?g0.expr=${encodeURIComponent(`${byUri('uri')} > 0.03`)}`,
      },
      AbortSignal.timeout(30_000),
    );
    assert.equal(target.name, starved.metadata.name, target.choice);
    assert.match(
      target.choice,
      /highest of 3 pods by the alert's own expression: .*about another uri left out/,
    );
  });

  it('and without an answer of Prometheus one is taken all the same, and the choice says how', async () => {
    const targets = podTargets(namespace.api, {
      prometheus: { url: 'http://127.0.0.1:1' },
      protectOnlyReplica: false,
      requireOptIn: false,
    });
    const target = await targets.resolve(
      { labels: { namespace: 'slow-pod', deployment: 'checkout' }, startsAt: '', generatorUrl },
      AbortSignal.timeout(30_000),
    );
    assert.match(target.choice, /^first by name of 3 pods/);
  });

  const answerSchema = z.object({
    data: z.object({
      result: z.array(
        z.object({
          metric: z.object({ pod: z.string(), uri: z.string().optional() }),
          value: z.tuple([z.number(), z.string()]),
        }),
      ),
    }),
  });

  async function ask(query: string): Promise<z.infer<typeof answerSchema>['data']['result']> {
    const response = await fetch(`${prometheus?.url ?? ''}/api/v1/query?query=${encodeURIComponent(query)}`, {
      signal: AbortSignal.timeout(60_000),
    });
    return answerSchema.parse(await response.json()).data.result;
  }

  /** Until one pod is by far the slowest in /checkout, another one in /orders, and all have answered there. */
  async function slowByUri(inCheckout: Pod, inOrders: Pod): Promise<void> {
    let seen: unknown;
    await waitFor(
      'two pods that are slow in different ways',
      120_000,
      async () => {
        const quantiles = (await unlessBroken(ask(`${byUri('uri', 'pod')} >= 0`))) ?? [];
        seen = quantiles;
        const valueOf = (uri: string, { metadata }: Pod): number =>
          Number(
            quantiles.find(({ metric }) => metric.uri === uri && metric.pod === metadata.name)?.value[1],
          );
        const orders = valueOf('/orders', inOrders);
        const others = pods.filter((pod) => pod !== inOrders).map((pod) => valueOf('/orders', pod));
        const isSlowest = orders > 0.03 && others.every((other) => other * 1.5 < orders);
        return isSlowest && valueOf('/checkout', inCheckout) > 1 ? true : undefined;
      },
      () => JSON.stringify(seen),
    );
  }

  /**
   * Until the alert would fire for this pod alone: requests that were slow for want of CPU while the pods started have
   * left its window, and all three have had requests, of which a loaded machine lets few through.
   */
  async function onlySlow(pod: Pod): Promise<void> {
    let seen: unknown;
    await waitFor(
      'a service of which this pod alone is slow',
      120_000,
      async () => {
        const quantiles = await unlessBroken(ask(ofEach));
        seen = quantiles;
        const slow = quantiles?.filter(({ value }) => Number(value[1]) > 1) ?? [];
        return quantiles?.length === 3 && slow.length === 1 && slow[0]?.metric.pod === pod.metadata.name
          ? true
          : undefined;
      },
      () => JSON.stringify(seen),
    );
  }
});
