import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import type { Pod } from '../../src/targets/kubernetes/objects.ts';
import { startPrometheus, type Prometheus } from '../setup/prometheus.ts';
import { shopWorkload, switchFault } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';

const expression =
  'histogram_quantile(0.9, sum by (le) (rate(http_server_requests_seconds_bucket{uri="/checkout"}[10s]))) > 0.1';
const served = 'sum by (pod) (rate(http_server_requests_seconds_count{uri="/checkout"}[10s])) > 0';
const generatorUrl = `http://prometheus:9090/graph?g0.expr=${encodeURIComponent(expression)}&g0.tab=1`;

describe('one of three pods is slow without using CPU, and the alert names only the workload', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flamepin-slow-pod-'));
  let namespace: TestNamespace;
  let prometheus: Prometheus;
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
    await prometheus.stop();
    await namespace[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  it('is found by the expression of the alert itself', async () => {
    const slow = pods[1];
    assert.ok(slow);
    await switchFault(slow, 'slow', { strength: 2000 });
    // Requests that were slow for want of CPU while the pods started leave the window of the expression.
    await sleep(12_000);
    await firing();
    const targets = podTargets(namespace.api, {
      prometheus: { url: prometheus.url },
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

  const answerSchema = z.object({ data: z.object({ result: z.array(z.unknown()) }) });

  async function results(query: string): Promise<number> {
    const response = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`);
    return answerSchema.parse(await response.json()).data.result.length;
  }

  /** Until the alert would fire and all three pods have had requests, of which a loaded machine lets few through. */
  async function firing(): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      const counts = await Promise.all([expression, served].map(results));
      if ((counts[0] ?? 0) > 0 && counts[1] === 3) return;
      await sleep(500);
    }
    assert.fail('the service did not become slow');
  }
});
