import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import { podTargets, type KubernetesSettings } from '../../src/targets/kubernetes/targets.ts';
import type { Target } from '../../src/captures/target.ts';
import { isReady, type Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { waitFor } from '../setup/process.ts';
import { cpuSeconds } from './inside.ts';
import { shopPod, shopWorkload, switchFault, switchServing } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';

const name = 'resolve';
const pods = `/api/v1/namespaces/${name}/pods`;
const apps = (plural: string) => `/apis/apps/v1/namespaces/${name}/${plural}`;

describe('the labels of an alert lead to the pod that is meant', () => {
  let namespace: TestNamespace;
  before(async () => {
    namespace = await testNamespace(name);
    const create: TestNamespace['create'] = (path, object) => namespace.create(path, object);
    await create(apps('deployments'), shopWorkload('Deployment', 'checkout', 3, { gated: true }));
    await create(apps('statefulsets'), shopWorkload('StatefulSet', 'ledger', 1));
    await create(apps('daemonsets'), shopWorkload('DaemonSet', 'agent', null));
    await create(`/apis/batch/v1/namespaces/${name}/jobs`, {
      metadata: { name: 'report' },
      spec: {
        template: {
          metadata: { labels: { app: 'report' } },
          spec: { ...(shopPod('x').spec as object), restartPolicy: 'Never' },
        },
      },
    });
    await create(`/apis/autoscaling/v2/namespaces/${name}/horizontalpodautoscalers`, {
      metadata: { name: 'checkout-scaler' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' },
        maxReplicas: 5,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
          },
        ],
      },
    });
    await create(`/api/v1/namespaces/${name}/services`, {
      metadata: { name: 'checkout-web' },
      spec: { selector: { app: 'checkout' }, ports: [{ port: 80, targetPort: 9090 }] },
    });
    await create(
      pods,
      shopPod('kube-state-metrics-0', { labels: { 'app.kubernetes.io/name': 'kube-state-metrics' } }),
    );
    const proxy = { name: 'istio-proxy', image: 'localhost/busybox:1', imagePullPolicy: 'Never' };
    const worker = { name: 'worker', image: 'localhost/busybox:1', imagePullPolicy: 'Never' };
    await create(pods, shopPod('with-proxy', { more: [proxy] }));
    await create(pods, shopPod('two-of-them', { more: [worker] }));
    await create(
      pods,
      shopPod('by-default', {
        more: [worker],
        annotations: { 'kubectl.kubernetes.io/default-container': 'shop' },
      }),
    );
    await create(pods, shopPod('denied', { annotations: { 'flamepin.io/profile': 'deny' } }));
    await create(pods, shopPod('allowed', { labels: { 'flamepin.io/profile': 'allow' } }));
    await create(pods, {
      metadata: { name: 'finished' },
      spec: {
        restartPolicy: 'Never',
        containers: [
          { name: 'main', image: 'localhost/busybox:1', imagePullPolicy: 'Never', command: ['true'] },
        ],
      },
    });
    await create(pods, {
      metadata: { name: 'pulling' },
      spec: { containers: [{ name: 'main', image: 'localhost/nowhere:1', imagePullPolicy: 'Never' }] },
    });
    const checkouts = await waitFor('the pods of checkout', 60_000, async () => {
      const made = await namespace.pods('app=checkout');
      return made.length === 3 ? made : undefined;
    });
    for (const pod of checkouts) await switchServing(namespace, pod, true);
    await namespace.readyPods('app=checkout', 3);
    for (const label of ['ledger', 'agent', 'report']) await namespace.readyPods(`app=${label}`, 1);
    for (const pod of [
      'kube-state-metrics-0',
      'with-proxy',
      'two-of-them',
      'by-default',
      'denied',
      'allowed',
    ])
      await namespace.ready(pod);
  });
  after(() => namespace[Symbol.asyncDispose]());

  const targets = (settings: Partial<KubernetesSettings> = {}) =>
    podTargets(namespace.api, { protectOnlyReplica: false, requireOptIn: false, ...settings });

  async function resolve(
    labels: Record<string, string>,
    settings: Partial<KubernetesSettings> = {},
    more: { startsAt?: string; uri?: string; generatorUrl?: string } = {},
  ): Promise<Target> {
    return targets(settings).resolve(
      { labels, startsAt: new Date().toISOString(), generatorUrl: '', ...more },
      AbortSignal.timeout(30_000),
    );
  }

  async function refused(code: ReasonCode, running: Promise<unknown>): Promise<Failure> {
    const error = await running.then(
      (value) => assert.fail(`it resolved: ${JSON.stringify(value)}`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, code, error.message);
    return error;
  }

  it('by name, with what the ledger and the page need to know', async () => {
    const target = await resolve({ namespace: name, pod: 'with-proxy' });
    const pod = await namespace.pod('with-proxy');
    assert.equal(target.uri, `kubernetes://${name}/with-proxy/shop`);
    assert.equal(target.workload, `${name}/Pod/with-proxy`);
    assert.equal(target.node, 'node-1');
    assert.match(target.image ?? '', /^sha256:/);
    assert.equal(target.data['uid'], pod.metadata.uid);
    assert.match(target.choice, /sidecars/);
  });

  it('by name alone, where it is the only one in the cluster', async () => {
    assert.equal((await resolve({ pod: 'with-proxy' })).name, 'with-proxy');
  });

  it('by hand, as a URI', async () => {
    assert.equal((await resolve({}, {}, { uri: `kubernetes://${name}/with-proxy` })).name, 'with-proxy');
    const uri = `kubernetes://${name}/two-of-them/shop`;
    assert.equal((await resolve({}, {}, { uri })).uri, uri);
  });

  it('by address', async () => {
    const [pod] = await namespace.pods('app=ledger');
    const target = await resolve({ instance: `${pod?.status.podIP ?? ''}:9090`, job: 'shop' });
    assert.deepEqual([target.name, target.workload], ['ledger-0', `${name}/StatefulSet/ledger`]);
  });

  for (const [labels, workload] of [
    [{ deployment: 'checkout' }, 'Deployment/checkout'],
    [{ statefulset: 'ledger' }, 'StatefulSet/ledger'],
    [{ daemonset: 'agent' }, 'DaemonSet/agent'],
    [{ job_name: 'report' }, 'Job/report'],
    [{ horizontalpodautoscaler: 'checkout-scaler' }, 'Deployment/checkout'],
    [{ destination_workload: 'ledger' }, 'StatefulSet/ledger'],
    [{ service: 'checkout-web' }, 'Deployment/checkout'],
    [{ application: 'ledger' }, 'StatefulSet/ledger'],
  ] as const)
    it(`by ${Object.keys(labels).join()}`, async () => {
      assert.equal((await resolve({ namespace: name, ...labels })).workload, `${name}/${workload}`);
    });

  it('by the workload alone, where only one namespace has it', async () => {
    assert.equal((await resolve({ deployment: 'checkout' })).workload, `${name}/Deployment/checkout`);
  });

  it('to the pod that burns CPU, ready or not, when the alert names only the workload', async () => {
    const all = await namespace.pods('app=checkout');
    const [one, hot, another] = all;
    assert.ok(one && hot && another);
    // It burns in its requests: its own four a second leave pauses as long as a look.
    await switchFault(hot, 'burn', { strength: 1 });
    const asked = new AbortController();
    const asking = Array.from({ length: 4 }, () => askAgainAndAgain(hot, asked.signal));
    try {
      await burnsMost(hot, [one, another]);
      for (const ready of [true, false]) {
        await switchServing(namespace, hot, ready);
        await waitFor('its readiness', 60_000, async () =>
          isReady(await namespace.pod(hot.metadata.name)) === ready ? true : undefined,
        );
        await leadsTo(hot, { deployment: 'checkout' }, ready);
      }
      await leadsTo(hot, { service: 'checkout-web' }, false);
    } finally {
      asked.abort();
      await Promise.all(asking);
      await switchFault(hot, 'burn', { on: false, strength: 1 });
      await switchServing(namespace, hot, true);
      await namespace.ready(hot.metadata.name);
    }
  });

  async function leadsTo(hot: Pod, labels: Record<string, string>, ready: boolean): Promise<void> {
    // On a loaded machine it may not get to burn in each look of 0.3 s.
    for (let tries = 0; ; tries++) {
      const target = await resolve({ namespace: name, ...labels });
      if (target.name !== hot.metadata.name && tries < 10) continue;
      assert.equal(target.name, hot.metadata.name, target.choice);
      assert.match(target.choice, ready ? /^busiest of 3 pods/ : /^busiest of 3 pods.*the pod is not ready/);
      return;
    }
  }

  it('never to the pod of kube-state-metrics, which only reports on others', async () => {
    await refused('no-target-labels', resolve({ namespace: name, pod: 'kube-state-metrics-0', job: 'x' }));
    const uid = { namespace: name, service_instance_id: 'kube-state-metrics-0' };
    await refused('target-not-found', resolve(uid));
    const own = {
      namespace: name,
      pod: 'kube-state-metrics-0',
      job: 'kube-state-metrics',
      deployment: 'checkout',
    };
    assert.equal((await resolve(own)).workload, `${name}/Deployment/checkout`);
  });

  it('never to what runs on a node, by the address of its kubelet', async () => {
    await refused('target-not-found', resolve({ instance: '10.203.0.1:10250', job: 'shop' }));
    await refused('no-target-labels', resolve({ instance: '10.203.0.1:10250', job: 'kubelet' }));
  });

  it('not to another cluster', async () => {
    const here = { cluster: 'here' };
    await refused('other-cluster', resolve({ namespace: name, pod: 'with-proxy', cluster: 'there' }, here));
    assert.equal(
      (await resolve({ namespace: name, pod: 'with-proxy', cluster: 'here' }, here)).name,
      'with-proxy',
    );
  });

  it('not outside the namespaces that are configured', async () => {
    const settings = { namespaces: ['other'] };
    await refused('namespace-not-configured', resolve({ namespace: name, pod: 'with-proxy' }, settings));
    await refused('target-not-found', resolve({ pod: 'with-proxy' }, settings));
  });

  it('says why a pod cannot be profiled', async () => {
    await refused('target-not-found', resolve({ namespace: name, pod: 'gone' }));
    await refused('target-not-running', resolve({ namespace: name, pod: 'finished' }));
    await refused('target-not-running', resolve({ namespace: name, pod: 'pulling' }));
    await refused('target-ambiguous', resolve({ namespace: name, pod: 'two-of-them' }));
    await refused('target-not-found', resolve({ namespace: name, pod: 'with-proxy', container: 'nosuch' }));
    await refused('target-denied', resolve({ namespace: name, pod: 'denied' }));
    await refused('target-denied', resolve({ namespace: name, pod: 'with-proxy' }, { requireOptIn: true }));
    await refused('no-target-labels', resolve({ namespace: name, alertname: 'X' }));
    const earlier = { startsAt: new Date(Date.now() - 3_600_000).toISOString() };
    await refused('target-restarted', resolve({ namespace: name, pod: 'with-proxy' }, {}, earlier));
  });

  it('takes the container that is meant', async () => {
    const labels = { namespace: name, pod: 'two-of-them', container: 'shop' };
    assert.equal((await resolve(labels)).uri, `kubernetes://${name}/two-of-them/shop`);
    const byDefault = await resolve({ namespace: name, pod: 'by-default' });
    assert.match(byDefault.choice, /default-container/);
  });

  it('profiles only what opts in, where that is required', async () => {
    const target = await resolve({ namespace: name, pod: 'allowed' }, { requireOptIn: true });
    assert.equal(target.name, 'allowed');
  });

  it('profiles no pod of a Deployment that has opted out', async () => {
    const said = async (word: string | null) => {
      const answer = await namespace.api.send({
        method: 'PATCH',
        path: `${apps('deployments')}/checkout`,
        contentType: 'application/strategic-merge-patch+json',
        body: { metadata: { annotations: { 'flamepin.io/profile': word } } },
      });
      assert.equal(answer.status, 200);
    };
    const [pod] = await namespace.pods('app=checkout');
    const ways = [{ deployment: 'checkout' }, { service: 'checkout-web' }, { pod: pod?.metadata.name ?? '' }];
    await said('deny');
    try {
      for (const labels of ways) await refused('target-denied', resolve({ namespace: name, ...labels }));
      const uri = `kubernetes://${name}/${pod?.metadata.name ?? ''}`;
      await refused('target-denied', resolve({}, {}, { uri }));
    } finally {
      await said(null);
    }
  });

  it('protects the only replica where that is configured', async () => {
    const settings = { protectOnlyReplica: true };
    await refused('target-only-replica', resolve({ namespace: name, statefulset: 'ledger' }, settings));
    await refused('target-only-replica', resolve({ namespace: name, pod: 'with-proxy' }, settings));
    assert.ok(await resolve({ namespace: name, deployment: 'checkout' }, settings));
  });

  it('does not take a terminating pod, and tells afterwards that a target is gone', async () => {
    const target = await resolve({ namespace: name, pod: 'by-default' });
    const signal = AbortSignal.timeout(60_000);
    assert.deepEqual(await targets().health(target, null, signal), { alive: true });
    await namespace.remove(`${pods}/by-default`);
    const error = await resolve({ namespace: name, pod: 'by-default' }).catch((reason: unknown) => reason);
    assert.ok(error instanceof Failure && ['target-not-found', 'target-not-running'].includes(error.code));
    const health = await targets().health(target, null, signal);
    assert.equal(health.alive, false);
  });

  it('has all its rights checked by doctor', async () => {
    const checks = (await targets({ namespaces: [name] }).check?.(AbortSignal.timeout(60_000))) ?? [];
    assert.equal(checks.length, 11);
    assert.deepEqual(
      checks.filter(({ ok, detail }) => !ok || detail !== ''),
      [],
    );
  });
});

async function askAgainAndAgain(pod: Pod, signal: AbortSignal): Promise<void> {
  while (!signal.aborted)
    await fetch(`http://${pod.status.podIP ?? ''}:9090/checkout`, { signal })
      .then((answer) => answer.arrayBuffer())
      // The abort may come while an answer is being read.
      .catch(() => sleep(100));
}

/** Until it is true, seen from the machine: JVMs that have just started burn CPU as well. */
async function burnsMost(hot: Pod, others: readonly Pod[]): Promise<void> {
  await waitFor('a pod that burns more CPU than the others', 60_000, async () => {
    const [before, othersBefore] = [cpuSeconds(hot), others.map(cpuSeconds)];
    await sleep(1000);
    const most = Math.max(...others.map((pod, at) => cpuSeconds(pod) - (othersBefore[at] ?? 0)));
    return cpuSeconds(hot) - before > 0.2 + 2 * most ? true : undefined;
  });
}
