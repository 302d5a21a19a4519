import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import type { Target } from '../../src/captures/target.ts';
import { chartAccount, type ChartAccount } from './chart-account.ts';
import { onNode } from './on-node.ts';
import { shopWorkload, switchFault } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';

describe('one of three pods burns CPU, the alert names only the workload, and the cluster has metrics-server', () => {
  let busy: Pod;
  let shop: TestNamespace;
  const receivers: TestNamespace[] = [];
  const accounts: ChartAccount[] = [];
  let withMetrics: ChartAccount;
  let withoutMetrics: ChartAccount;

  before(async () => {
    shop = await testNamespace('busy-pod');
    await shop.create(
      '/apis/apps/v1/namespaces/busy-pod/deployments',
      shopWorkload('Deployment', 'checkout', 3),
    );
    const account = async (name: string, metrics: boolean): Promise<ChartAccount> => {
      const receiver = await testNamespace(name);
      receivers.push(receiver);
      const made = await chartAccount(receiver, {
        targetNamespaces: ['busy-pod'],
        rbac: { metrics },
        secrets: [{ key: 'sources.alertmanager.bearerTokenFile', secretName: 'x', secretKey: 'y' }],
      });
      accounts.push(made);
      return made;
    };
    withMetrics = await account('flamepin', true);
    withoutMetrics = await account('flamepin-without-metrics', false);
    metricsServer('up.sh');
    busy = await burn(await shop.readyPods('app=checkout', 3));
  });
  after(async () => {
    await using closing = new AsyncDisposableStack();
    for (const namespace of [...receivers, shop]) closing.use(namespace);
    for (const account of accounts) closing.defer(() => account.remove());
    // Last here, so first of all: an API of which nobody answers keeps every namespace from being deleted.
    closing.defer(() => metricsServer('down.sh'));
  });

  it('flamepin takes that pod, by what metrics-server has measured', async () => {
    await until(
      () => resolve(withMetrics),
      busy,
      /^busiest of 3 pods by metrics\.k8s\.io: [\d.]+ cores, the next [\d.]+(e-\d+)?$/,
    );
  });

  it('and without the right to ask for it, by a look at the pods themselves', async () => {
    await until(() => resolve(withoutMetrics), busy, /^busiest of 3 pods in a short look at each/);
  });

  it('and when metrics-server hangs, without waiting for it', async () => {
    signalMetricsServer('STOP');
    try {
      const began = performance.now();
      const { choice } = await resolve(withMetrics);
      const took = performance.now() - began;
      assert.doesNotMatch(choice, /by metrics\.k8s\.io:/);
      // A minute is what the API server itself waits for it.
      assert.ok(took < 20_000, `${took} ms`);
    } finally {
      signalMetricsServer('CONT');
    }
  });
});

function resolve({ api }: ChartAccount): Promise<Target> {
  const targets = podTargets(api, {
    namespaces: ['busy-pod'],
    protectOnlyReplica: false,
    requireOptIn: false,
  });
  return targets.resolve(
    {
      labels: { alertname: 'CpuHigh', namespace: 'busy-pod', deployment: 'checkout' },
      startsAt: new Date().toISOString(),
      generatorUrl: '',
    },
    AbortSignal.timeout(30_000),
  );
}

/** Lets the last pod by name burn one core, which is not the one that is taken when nothing tells them apart. */
async function burn(pods: readonly Pod[]): Promise<Pod> {
  const busy = pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).at(-1);
  assert.ok(busy);
  await switchFault(busy, 'burn', { strength: 1 });
  return busy;
}

/** Until that pod is taken for that reason: what is measured lags behind, and others may burn CPU while they start. */
async function until(ask: () => Promise<Target>, pod: Pod, why: RegExp): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { name, choice } = await ask();
    if (name === pod.metadata.name && why.test(choice)) return;
    assert.ok(tries < 60, `${name}, not ${pod.metadata.name}: ${choice}`);
    await sleep(1_000);
  }
}

function metricsServer(script: 'up.sh' | 'down.sh'): void {
  execFileSync('sh', [join(import.meta.dirname, 'metrics-server', script)], { stdio: 'inherit' });
}

/** In the node's own pid namespace, where no other process has that name. */
function signalMetricsServer(signal: 'STOP' | 'CONT'): void {
  onNode('kill', `-${signal}`, onNode('pidof', 'metrics-server').trim());
}
