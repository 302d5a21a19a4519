import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../../src/reasons/failure.ts';
import {
  agentPatch,
  namePrefix,
  nextName,
  pending,
  usable,
  userOf,
  userOfStatus,
} from '../../../src/targets/kubernetes/agent/agent-spec.ts';
import { kubernetesApi, type KubernetesApi } from '../../../src/targets/kubernetes/connection/api.ts';
import { healthOf } from '../../../src/targets/kubernetes/health.ts';
import {
  chooseContainer,
  isExporter,
  eligiblePods,
} from '../../../src/targets/kubernetes/choice/judge-pod.ts';
import { ownerOf, selectorOf, workloadSchema } from '../../../src/targets/kubernetes/connection/objects.ts';
import { podsNamed } from '../../../src/targets/kubernetes/connection/place.ts';
import { Recent } from '../../../src/targets/kubernetes/connection/recent.ts';
import { podTargets } from '../../../src/targets/kubernetes/targets.ts';
import { fakeApiServer } from '../../cluster/fake-apiserver.ts';
import { pod, type GivenPod } from '../../given/pod.ts';

const app = () => 'app';
const policy = { requireOptIn: false, workload: () => undefined };
const code = (run: () => unknown): string => {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof Failure ? error.code : String(error);
  }
};

describe('the workload of a pod', () => {
  const owned = (kind: string, name: string, labels = {}) =>
    ownerOf(pod({ metadata: { labels, ownerReferences: [{ kind, name, uid: 'u', controller: true }] } }));

  it('is read from its owner without further questions', () => {
    assert.deepEqual(owned('ReplicaSet', 'checkout-7d9f', { 'pod-template-hash': '7d9f' }), {
      kind: 'Deployment',
      name: 'checkout',
    });
    assert.deepEqual(owned('StatefulSet', 'ledger'), { kind: 'StatefulSet', name: 'ledger' });
    assert.deepEqual(owned('Job', 'report-29384756'), { kind: 'Job', name: 'report' });
    assert.deepEqual(owned('ReplicaSet', 'lonely'), { kind: 'ReplicaSet', name: 'lonely' });
    assert.deepEqual(ownerOf(pod()), { kind: 'Pod', name: 'checkout-1' });
  });

  it('has its pods selected by all terms of its selector', () => {
    const workload = workloadSchema.parse({
      metadata: { name: 'x' },
      spec: {
        selector: {
          matchLabels: { app: 'x' },
          matchExpressions: [
            { key: 'tier', operator: 'In', values: ['a', 'b'] },
            { key: 'old', operator: 'DoesNotExist' },
          ],
        },
      },
    });
    assert.equal(selectorOf(workload), 'app=x,tier in (a,b),!old');
  });
});

describe('the container of a pod', () => {
  it('is the named one, the default, or the only one that is not a sidecar', () => {
    assert.equal(chooseContainer(pod({ containers: ['a', 'b'] }), 'b').container, 'b');
    assert.equal(chooseContainer(pod(), null).container, 'app');
    assert.equal(chooseContainer(pod({ containers: ['app', 'istio-proxy'] }), null).container, 'app');
    const annotations = { 'kubectl.kubernetes.io/default-container': 'b' };
    assert.equal(
      chooseContainer(pod({ containers: ['a', 'b'], metadata: { annotations } }), null).container,
      'b',
    );
  });

  it('is not guessed', () => {
    assert.equal(
      code(() => chooseContainer(pod({ containers: ['a', 'b'] }), null)),
      'target-ambiguous',
    );
    assert.equal(
      code(() => chooseContainer(pod(), 'other')),
      'target-not-found',
    );
  });
});

describe('pods that can be profiled', () => {
  const began = '2026-01-02T00:00:00Z';

  it('are those that existed when the alert began, ready or not', () => {
    const restarted = pod({ name: 'restarted', started: '2026-01-02T00:01:00Z' });
    const unready = pod({ name: 'unready', ready: false });
    const good = pod({ name: 'good' });
    const { pods, refusals } = eligiblePods([restarted, unready, good], app, policy, began);
    assert.deepEqual(pods, [unready, good]);
    assert.deepEqual(
      refusals.map((refusal) => refusal.code),
      ['target-restarted'],
    );
  });

  it('may have started within the clock difference, or at an unknown time', () => {
    assert.equal(eligiblePods([pod({ started: '2026-01-02T00:00:04Z' })], app, policy, began).pods.length, 1);
    assert.equal(eligiblePods([pod({ started: began })], app, policy, '0001-01-01T00:00:00Z').pods.length, 1);
  });

  it('are not those that are ending, waiting, finished or opted out', () => {
    const refused = (given: GivenPod) => eligiblePods([pod(given)], app, policy, null).refusals[0]?.code;
    assert.equal(refused({ metadata: { deletionTimestamp: began } }), 'target-not-running');
    assert.equal(refused({ status: { phase: 'Succeeded' } }), 'target-not-running');
    const waiting = {
      containerStatuses: [{ name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    };
    assert.equal(refused({ status: waiting }), 'target-not-running');
    assert.equal(refused({ metadata: { labels: { 'flamepin.io/profile': 'deny' } } }), 'target-denied');
    const contradiction = {
      labels: { 'flamepin.io/profile': 'deny' },
      annotations: { 'flamepin.io/profile': 'allow' },
    };
    assert.equal(refused({ metadata: contradiction }), 'target-denied');
    assert.equal(
      eligiblePods([pod()], app, { ...policy, requireOptIn: true }, null).refusals[0]?.code,
      'target-denied',
    );
  });

  it('are not exporters', () => {
    assert.ok(isExporter(pod({ metadata: { labels: { 'app.kubernetes.io/name': 'kube-state-metrics' } } })));
    assert.ok(isExporter(pod({ name: 'kube-state-metrics-5d8-x' })));
    assert.ok(!isExporter(pod()));
  });
});

describe('the ephemeral container', () => {
  it('runs as the JVM’s user, or has no rights at all', () => {
    const own = {
      containers: [{ name: 'app', securityContext: { runAsUser: 5 } }],
      securityContext: { runAsGroup: 6 },
    };
    assert.deepEqual(userOf(pod({ spec: own }), 'app'), { uid: 5, gid: 6 });
    assert.equal(userOf(pod(), 'app'), null);
    assert.deepEqual(userOfStatus('Name:\tjava\nUid:\t10\t11\t12\t13\nGid:\t20\t21\t22\t23\n'), {
      uid: 11,
      gid: 21,
    });
    const patch = JSON.stringify(
      agentPatch('n', 'app', { uid: 5, gid: 6 }, { image: 'i', pullPolicy: 'Never' }),
    );
    assert.match(patch, /"runAsUser":5,"runAsGroup":6,"runAsNonRoot":true/);
    assert.match(patch, /"drop":\["ALL"\]/);
    assert.doesNotMatch(patch, /privileged|hostPID/);
  });

  it('is reused while it lives long enough for a capture; a pod gets only so many', () => {
    const now = Date.parse('2026-01-01T00:10:00Z');
    const running = (startedAt: string) =>
      pod({
        status: {
          ephemeralContainerStatuses: [{ name: 'flamepin-a-5-1', state: { running: { startedAt } } }],
        },
      });
    assert.equal(usable(running('2026-01-01T00:00:00Z'), 'flamepin-a-5-', now)?.name, 'flamepin-a-5-1');
    assert.equal(usable(running('2025-12-31T23:57:00Z'), 'flamepin-a-5-', now), null);
    assert.equal(usable(running('2026-01-01T00:00:00Z'), 'flamepin-b-5-', now), null);
    const had = (count: number) =>
      pod({
        spec: { ephemeralContainers: Array.from({ length: count }, (_, i) => ({ name: `flamepin-x-${i}` })) },
      });
    assert.equal(nextName(had(2), 'flamepin-a-5-'), 'flamepin-a-5-3');
    assert.equal(nextName(had(12), 'flamepin-a-5-'), null);
  });

  it('is not added twice while it starts; another image or pull policy is another container', () => {
    const user = { uid: 5, gid: 6 };
    const named = (image: string, pullPolicy: 'Always' | 'Never' = 'Always') =>
      namePrefix('containerd://1', user, { image, pullPolicy });
    const prefix = named('agent:1');
    const name = `${prefix}1`;
    const added = (state?: object) =>
      pod({
        spec: { ephemeralContainers: [{ name }] },
        status: { ephemeralContainerStatuses: state === undefined ? [] : [{ name, state }] },
      });
    assert.equal(pending(added(), prefix), name);
    assert.equal(pending(added({ waiting: { reason: 'ImagePullBackOff' } }), prefix), name);
    assert.equal(pending(added({ running: {} }), prefix), null);
    assert.equal(pending(added({ terminated: { exitCode: 0 } }), prefix), null);
    assert.equal(pending(added(), named('agent:2')), null);
    assert.equal(pending(added(), named('agent:1', 'Never')), null);
  });
});

describe('a pod named by hand', () => {
  const contexts = { connected: 'prod', known: ['prod', 'staging', 'arn:aws:eks:x/y'] };

  it('is read with and without container and context', () => {
    const place = { namespace: 'ns', pod: 'p', container: null };
    assert.deepEqual(podsNamed('kubernetes://ns/p', contexts), [place]);
    assert.deepEqual(podsNamed('kubernetes://ns/p/c', contexts), [{ ...place, container: 'c' }]);
    assert.deepEqual(podsNamed('kubernetes://prod/ns/p/c', contexts), [{ ...place, container: 'c' }]);
    assert.deepEqual(
      podsNamed('kubernetes://arn:aws:eks:x%2Fy/ns/p', { ...contexts, connected: 'arn:aws:eks:x/y' })[0],
      place,
    );
    for (const uri of [
      'kubernetes://',
      'kubernetes://ns',
      'kubernetes://a/b/c/d/e',
      'docker://x',
      'kubernetes:///p',
      'kubernetes://ns/%E0%A4%A',
    ])
      assert.equal(
        code(() => podsNamed(uri, contexts)),
        'target-not-found',
        uri,
      );
  });

  it('is read with the context first where a namespace may have the same name', () => {
    assert.deepEqual(podsNamed('kubernetes://prod/ns/p', contexts), [
      { namespace: 'ns', pod: 'p', container: null },
      { namespace: 'prod', pod: 'ns', container: 'p' },
    ]);
  });

  it('is refused in a context that flamepin is not connected to', () => {
    for (const uri of ['kubernetes://staging/ns/p', 'kubernetes://unknown/ns/p/c'])
      assert.throws(
        () => podsNamed(uri, contexts),
        /names the context (staging|unknown), .* connected to prod/,
      );
  });

  const shop = pod({ metadata: { uid: 'u' } });
  const server = () =>
    fakeApiServer({
      request: (request, response) => {
        const known = request.url === '/api/v1/namespaces/shop/pods/checkout-1';
        response.statusCode = known ? 200 : 404;
        response.end(JSON.stringify(known ? shop : { kind: 'Status', code: 404 }));
      },
    });
  const resolve = (api: KubernetesApi, uri: string, namespaces?: string[]) =>
    podTargets(api, { protectOnlyReplica: false, requireOptIn: false, namespaces }).resolve(
      { labels: {}, startsAt: '2026-11-23T02:00:00Z', generatorUrl: '', uri },
      AbortSignal.timeout(10_000),
    );

  it('is found whichever way the name was meant', async () => {
    await using fake = await server();
    const api = kubernetesApi(fake.access);
    for (const uri of [
      'shop/checkout-1',
      'shop/checkout-1/app',
      'test/shop/checkout-1',
      'test/shop/checkout-1/app',
    ])
      assert.equal((await resolve(api, `kubernetes://${uri}`)).uri, 'kubernetes://shop/checkout-1/app');
    const meant = { ...fake.access, contexts: { connected: 'shop', known: ['shop'] } };
    assert.equal(
      (await resolve(kubernetesApi(meant), 'kubernetes://shop/checkout-1/app')).uri,
      'kubernetes://shop/checkout-1/app',
    );
  });

  it('is refused outside the configured namespaces, as an alert is', async () => {
    await using fake = await server();
    const api = kubernetesApi(fake.access);
    await assert.rejects(
      resolve(api, 'kubernetes://shop/checkout-1', ['other']),
      /not configured for this namespace.*\(shop\)/,
    );
    assert.equal((await resolve(api, 'kubernetes://shop/checkout-1', ['shop'])).name, 'checkout-1');
  });
});

describe('a pod that was profiled', () => {
  const data = {
    namespace: 'shop',
    pod: 'checkout-1',
    container: 'app',
    uid: 'u',
    containerId: 'containerd://1',
    restartCount: 2,
  };
  const blocked = (
    status: { restartCount?: number; state?: object; lastState?: object; containerID?: string },
    metadata: Record<string, unknown> = {},
  ) => {
    const containerStatuses = [{ name: 'app', containerID: 'containerd://1', restartCount: 2, ...status }];
    const health = healthOf(
      data,
      pod({ metadata: { uid: 'u', ...metadata }, status: { containerStatuses } }),
    );
    return health.alive ? null : health.blocks;
  };
  const ended = (exitCode: number, reason = 'Error') => ({ terminated: { exitCode, reason } });

  it('and is alive means no harm', () => {
    assert.equal(blocked({ state: { running: {} } }), null);
  });

  it('and was deleted, replaced or stopped is reported; its image is profiled again', () => {
    assert.deepEqual(healthOf(data, undefined), {
      alive: false,
      blocks: false,
      detail: 'pod checkout-1 was deleted',
    });
    assert.equal(blocked({ state: { running: {} } }, { uid: 'another' }), false);
    assert.equal(blocked({ state: ended(0, 'Completed') }), false);
    assert.equal(blocked({ state: ended(143) }), false);
    assert.equal(blocked({ state: ended(137) }, { deletionTimestamp: '2026-11-23T02:00:00Z' }), false);
  });

  it('and restarted, was OOM-killed or crashed blocks its image', () => {
    const again = { containerID: 'containerd://2', restartCount: 3, state: { running: {} } };
    assert.equal(blocked({ ...again, lastState: ended(143) }), true);
    const health = healthOf(
      data,
      pod({
        metadata: { uid: 'u' },
        status: { containerStatuses: [{ name: 'app', ...again, lastState: ended(137, 'OOMKilled') }] },
      }),
    );
    assert.ok(!health.alive && /2 → 3 restarts \(OOMKilled, exit code 137\)/.test(health.detail));
    const killed = healthOf(
      data,
      pod({
        metadata: { uid: 'u' },
        status: { containerStatuses: [{ name: 'app', ...again, lastState: ended(137) }] },
      }),
    );
    assert.ok(
      !killed.alive && /\(Error, exit code 137: SIGKILL, as the out-of-memory killer/.test(killed.detail),
    );
    assert.equal(blocked({ state: ended(139) }), true);
    assert.equal(
      blocked({ state: ended(137, 'OOMKilled') }, { deletionTimestamp: '2026-11-23T02:00:00Z' }),
      true,
    );
  });
});

describe('answers of the API server', () => {
  it('are requested once for several callers, and again after a failure', async () => {
    const recent = new Recent<number>();
    let asked = 0;
    const ask = () => Promise.resolve(++asked);
    assert.deepEqual(
      await Promise.all([recent.get('a', ask), recent.get('a', ask), recent.get('b', ask)]),
      [1, 1, 2],
    );
    const fail = () => Promise.reject(new Error('no'));
    await assert.rejects(recent.get('c', fail));
    assert.equal(await recent.get('c', ask), 3);
  });
});
