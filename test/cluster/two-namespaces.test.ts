import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Failure } from '../../src/reasons/failure.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import type { Target } from '../../src/captures/target.ts';
import { shopWorkload } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';

const names = ['twin-a', 'twin-b'] as const;

describe('a StatefulSet of the same name in two namespaces', () => {
  const namespaces: TestNamespace[] = [];
  before(async () => {
    for (const name of names) {
      const namespace = await testNamespace(name);
      namespaces.push(namespace);
      await namespace.create(
        `/apis/apps/v1/namespaces/${name}/statefulsets`,
        shopWorkload('StatefulSet', 'cassandra', 1),
      );
      await namespace.create(`/api/v1/namespaces/${name}/services`, {
        metadata: { name: 'cassandra' },
        spec: { selector: { app: 'cassandra' }, ports: [{ port: 80, targetPort: 9090 }] },
      });
    }
    for (const namespace of namespaces) await namespace.readyPods('app=cassandra', 1);
  });
  after(async () => {
    for (const namespace of namespaces) await namespace[Symbol.asyncDispose]();
  });

  async function resolve(labels: Record<string, string>, configured?: readonly string[]): Promise<Target> {
    const [namespace] = namespaces;
    assert.ok(namespace);
    const targets = podTargets(namespace.api, {
      protectOnlyReplica: false,
      requireOptIn: false,
      namespaces: configured,
    });
    const request = { labels, startsAt: new Date().toISOString(), generatorUrl: '' };
    return targets.resolve(request, AbortSignal.timeout(30_000));
  }

  for (const labels of [
    { statefulset: 'cassandra' },
    { service: 'cassandra' },
    { application: 'cassandra', uri: '/checkout' },
    { workload: 'cassandra' },
    { pod: 'cassandra-0' },
  ] as Record<string, string>[])
    for (const configured of [names, undefined])
      it(`is never chosen by ${Object.keys(labels).join()} alone, ${configured === undefined ? 'in the whole cluster' : 'where both are configured'}`, async () => {
        const error = await resolve(labels, configured).catch((reason: unknown) => reason);
        assert.ok(error instanceof Failure, JSON.stringify(error));
        assert.equal(error.code, 'target-ambiguous', error.message);
        for (const name of names) assert.match(error.detail, new RegExp(`${name}/cassandra`));
        assert.match(error.detail, /add the label namespace to the rule/);
      });

  it('is the one that the namespace names, by whichever label', async () => {
    for (const labels of [
      { statefulset: 'cassandra', namespace: 'twin-b' },
      { destination_service: 'cassandra.twin-b.svc.cluster.local' },
      { 'service.name': 'cassandra', 'k8s.namespace.name': 'twin-b' },
      { exported_service: 'twin-b-cassandra-80@kubernetes', service: 'traefik', namespace: 'twin-a' },
    ] as Record<string, string>[])
      assert.equal((await resolve(labels, names)).workload, 'twin-b/StatefulSet/cassandra');
  });

  it('is found by its address where a label before it leads nowhere', async () => {
    const [pod] = (await namespaces[1]?.pods('app=cassandra')) ?? [];
    const labels = { deployment: 'shop.war', instance: `${pod?.status.podIP ?? ''}:9990` };
    const target = await resolve(labels, names);
    assert.equal(target.workload, 'twin-b/StatefulSet/cassandra');
    assert.match(target.choice, /by the label instance, for the label deployment leads nowhere/);
  });
});
