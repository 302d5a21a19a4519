import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../../src/reasons/failure.ts';
import {
  agentPatch,
  nextName,
  usable,
  userOf,
  userOfStatus,
} from '../../../src/targets/kubernetes/agent-spec.ts';
import { chooseContainer, isExporter, narrow } from '../../../src/targets/kubernetes/judge-pod.ts';
import {
  ownerOf,
  podSchema,
  selectorOf,
  workloadSchema,
  type Pod,
} from '../../../src/targets/kubernetes/objects.ts';
import { placeOfUri } from '../../../src/targets/kubernetes/place.ts';
import { Recent } from '../../../src/targets/kubernetes/recent.ts';

interface Given {
  name?: string;
  containers?: string[];
  started?: string;
  ready?: boolean;
  metadata?: Record<string, unknown>;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

function pod(given: Given = {}): Pod {
  const containers = given.containers ?? ['app'];
  return podSchema.parse({
    metadata: { name: given.name ?? 'checkout-1', namespace: 'shop', ...given.metadata },
    spec: { containers: containers.map((name) => ({ name })), ...given.spec },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: given.ready === false ? 'False' : 'True' }],
      containerStatuses: containers.map((name) => ({
        name,
        containerID: `containerd://${name}`,
        state: { running: { startedAt: given.started ?? '2026-01-01T00:00:00Z' } },
      })),
      ...given.status,
    },
  });
}

const app = () => 'app';
const policy = { requireOptIn: false };
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
  it('is the one that is named, the default, or the only one that is no sidecar', () => {
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

  it('are those that were there when the alert began; ready ones come first', () => {
    const restarted = pod({ name: 'restarted', started: '2026-01-02T00:01:00Z' });
    const unready = pod({ name: 'unready', ready: false });
    const good = pod({ name: 'good' });
    const { pods, refusals } = narrow([restarted, unready, good], app, policy, began);
    assert.deepEqual(pods, [good]);
    assert.deepEqual(
      refusals.map((refusal) => refusal.code),
      ['target-restarted'],
    );
    assert.deepEqual(narrow([unready], app, policy, began).pods, [unready]);
  });

  it('may have started in the seconds by which clocks differ, or when nobody knows', () => {
    assert.equal(narrow([pod({ started: '2026-01-02T00:00:04Z' })], app, policy, began).pods.length, 1);
    assert.equal(narrow([pod({ started: began })], app, policy, '0001-01-01T00:00:00Z').pods.length, 1);
  });

  it('are not those that are ending, waiting, finished, or that do not want it', () => {
    const refused = (given: Given) => narrow([pod(given)], app, policy, null).refusals[0]?.code;
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
    assert.equal(refused({ metadata: contradiction }), undefined);
    assert.equal(narrow([pod()], app, { requireOptIn: true }, null).refusals[0]?.code, 'target-denied');
  });

  it('are not exporters of what others do', () => {
    assert.ok(isExporter(pod({ metadata: { labels: { 'app.kubernetes.io/name': 'kube-state-metrics' } } })));
    assert.ok(isExporter(pod({ name: 'kube-state-metrics-5d8-x' })));
    assert.ok(!isExporter(pod()));
  });
});

describe('the ephemeral container', () => {
  it('has the user of the JVM, or none of its own rights at all', () => {
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

  it('is used again while it has life left for a capture, and a pod gets only so many', () => {
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
});

describe('a pod named by hand', () => {
  it('is read with and without container and context', () => {
    assert.deepEqual(placeOfUri('kubernetes://ns/p'), { namespace: 'ns', pod: 'p', container: null });
    assert.deepEqual(placeOfUri('kubernetes://ns/p/c'), { namespace: 'ns', pod: 'p', container: 'c' });
    assert.deepEqual(placeOfUri('kubernetes://ctx/ns/p/c'), { namespace: 'ns', pod: 'p', container: 'c' });
    for (const uri of [
      'kubernetes://',
      'kubernetes://ns',
      'kubernetes://a/b/c/d/e',
      'docker://x',
      'kubernetes:///p',
    ])
      assert.equal(
        code(() => placeOfUri(uri)),
        'target-not-found',
        uri,
      );
  });
});

describe('answers of the API server', () => {
  it('are asked for once when several want them, and again when it failed', async () => {
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
