import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wantedFrom } from '../../../src/alerts/labels.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { findPods, type Found } from '../../../src/targets/kubernetes/choice/find-pods.ts';
import { strictCluster, type GivenObject } from '../../given/strict-cluster.ts';

const checkout: GivenObject[] = [
  {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'checkout',
    pods: ['checkout-7d9f8c6b5-x2x4z'],
    address: '10.42.3.17',
  },
];
const cassandraIn = (namespace: string, kind = 'StatefulSet'): GivenObject => ({
  kind,
  namespace,
  name: 'cassandra',
  pods: ['cassandra-0'],
});

async function found(
  labels: Record<string, string>,
  objects: readonly GivenObject[],
  namespaces: readonly string[] | null = null,
): Promise<Found & { asked: readonly string[] }> {
  await using cluster = await strictCluster(objects);
  const pods = await findPods(cluster.cluster, wantedFrom(labels), namespaces);
  return { ...pods, asked: [...cluster.asked] };
}

async function refused(
  code: string,
  labels: Record<string, string>,
  objects: readonly GivenObject[],
  namespaces: readonly string[] | null = null,
): Promise<{ detail: string; asked: readonly string[] }> {
  await using cluster = await strictCluster(objects);
  const error = await findPods(cluster.cluster, wantedFrom(labels), namespaces).then(
    ({ by }) => assert.fail(`it led to ${by}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.code, code, error.message);
  return { detail: error.detail, asked: [...cluster.asked] };
}

describe('a label that leads nowhere gives way to the next one', () => {
  it('WildFly’s deployment is an archive: the instance is taken, and both labels are named', async () => {
    const labels = { deployment: 'shop.war', instance: '10.42.3.17:9990', job: 'integrations/wildfly' };
    const { pods, ladder } = await found(labels, checkout);
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.name),
      ['checkout-7d9f8c6b5-x2x4z'],
    );
    assert.match(
      ladder,
      /^by the label instance, for the label deployment leads nowhere: there is no Deployment/,
    );
  });

  it('and when none is left, each is named with its reason', async () => {
    const labels = { namespace: 'shop', deployment: 'gone', service: 'lost', job: 'no where' };
    const { detail } = await refused('target-not-found', labels, checkout);
    for (const part of [
      'the label deployment leads nowhere: there is no Deployment shop/gone',
      'the label service leads nowhere: there is no Service or workload shop/lost',
      'the label job leads nowhere: "no where" cannot be a name in Kubernetes',
    ])
      assert.ok(detail.includes(part), detail);
  });

  it('but a pod that is gone is not replaced by another of its service', async () => {
    const gone = 'checkout-7d9f8c6b5-bbbbb';
    for (const label of ['pod', 'k8s.pod.name', 'service_instance_id'])
      await refused('target-not-found', { namespace: 'shop', [label]: gone, service: 'checkout' }, checkout);
    await refused('target-not-found', { instance: '10.42.9.9:8080', application: 'checkout' }, checkout);
  });

  it('and a workload that has no pods is not replaced by a service of another name', async () => {
    const idle: GivenObject = { kind: 'Deployment', namespace: 'shop', name: 'batch', pods: [] };
    const labels = { namespace: 'shop', deployment: 'batch', service: 'checkout' };
    const { detail } = await refused('target-not-found', labels, [...checkout, idle]);
    assert.match(detail, /Deployment shop\/batch has no pods/);
  });
});

describe('nothing is chosen in silence where several fit', () => {
  const both = [cassandraIn('a'), cassandraIn('b')];
  for (const labels of [
    { statefulset: 'cassandra' },
    { service: 'cassandra' },
    { application: 'cassandra', uri: '/checkout' },
    { pod: 'cassandra-0' },
  ] as Record<string, string>[])
    for (const namespaces of [['a', 'b'], null])
      it(`${Object.keys(labels).join()} in two ${namespaces === null ? '' : 'configured '}namespaces`, async () => {
        const { detail } = await refused('target-ambiguous', labels, both, namespaces);
        assert.match(
          detail,
          /a\/cassandra.*b\/cassandra.*add the label namespace to the rule: `by \(namespace, …\)`/,
        );
      });

  it('a Service in one namespace and a workload of its name in another', async () => {
    const service: GivenObject = { kind: 'Service', namespace: 'a', name: 'cassandra', pods: ['other-0'] };
    const other: GivenObject = { kind: 'StatefulSet', namespace: 'a', name: 'other', pods: ['other-0'] };
    await refused(
      'target-ambiguous',
      { service: 'cassandra' },
      [service, other, cassandraIn('b')],
      ['a', 'b'],
    );
  });

  it('workloads of two kinds', async () => {
    const kinds = [cassandraIn('a', 'Deployment'), cassandraIn('a')];
    const { detail } = await refused('target-ambiguous', { namespace: 'a', workload: 'cassandra' }, kinds);
    assert.match(detail, /Deployment a\/cassandra, StatefulSet a\/cassandra: add the label deployment/);
    assert.equal(
      (await found({ namespace: 'a', statefulset: 'cassandra' }, kinds)).by,
      'StatefulSet a/cassandra',
    );
  });

  it('but one that the namespace names, or the only one with pods, is taken', async () => {
    assert.equal(
      (await found({ namespace: 'b', statefulset: 'cassandra' }, both)).by,
      'StatefulSet b/cassandra',
    );
    const idle = { ...cassandraIn('a'), pods: [] };
    const { by } = await found({ statefulset: 'cassandra' }, [idle, cassandraIn('b')], ['a', 'b']);
    assert.equal(by, 'StatefulSet b/cassandra');
  });
});

describe('notifications of other people’s rules', () => {
  const service: GivenObject = {
    kind: 'Service',
    namespace: 'shop',
    name: 'checkout',
    pods: ['checkout-7d9f8c6b5-x2x4z'],
  };
  const shop = [...checkout, service];
  for (const [what, labels, by] of [
    [
      'OpenTelemetry’s dotted names',
      { 'service.name': 'x', 'k8s.namespace.name': 'shop', 'k8s.pod.name': 'checkout-7d9f8c6b5-x2x4z' },
      'pod shop/checkout-7d9f8c6b5-x2x4z',
    ],
    [
      'the service behind an ingress',
      { exported_namespace: 'shop', exported_service: 'checkout', ingress: 'checkout', path: '/checkout' },
      'service shop/checkout',
    ],
    [
      'a service with the namespace that was exported',
      { exported_namespace: 'shop', namespace: 'monitoring', service: 'checkout' },
      'service shop/checkout',
    ],
    [
      'Istio’s destination',
      { destination_service: 'checkout.shop.svc.cluster.local' },
      'service shop/checkout',
    ],
    ['Traefik’s service', { service: 'shop-checkout-8080@kubernetes' }, 'service shop/checkout'],
    ['a pod label', { namespace: 'shop', app_kubernetes_io_name: 'labelled' }, 'Deployment shop/other'],
    ['Argo’s Rollout', { namespace: 'shop', rollout: 'pricing' }, 'Rollout shop/pricing'],
    ['a workload that is a Rollout', { namespace: 'shop', workload: 'pricing' }, 'Rollout shop/pricing'],
    ['OpenShift', { namespace: 'shop', deploymentconfig: 'legacy' }, 'DeploymentConfig shop/legacy'],
    ['Knative', { namespace_name: 'shop', revision_name: 'fn-00002' }, 'Revision shop/fn-00002'],
    ['Spark', { spark_app_selector: 'spark-5d0c' }, 'SparkApplication shop/spark-5d0c'],
    ['a CronJob', { namespace: 'shop', cronjob: 'report' }, 'CronJob shop/report'],
  ] as const)
    it(what, async () => {
      const more: GivenObject[] = [
        {
          kind: 'Deployment',
          namespace: 'shop',
          name: 'other',
          pods: ['other-1'],
          labels: { 'app.kubernetes.io/name': 'labelled' },
        },
        { kind: 'Rollout', namespace: 'shop', name: 'pricing', pods: ['pricing-1'] },
        { kind: 'DeploymentConfig', namespace: 'shop', name: 'legacy', pods: ['legacy-2-abcde'] },
        {
          kind: 'Deployment',
          namespace: 'shop',
          name: 'fn-00002-deployment',
          pods: ['fn-1'],
          labels: { 'serving.knative.dev/revision': 'fn-00002' },
        },
        {
          kind: 'Pod',
          namespace: 'shop',
          name: 'driver',
          pods: ['driver'],
          labels: { 'spark-app-selector': 'spark-5d0c' },
        },
        { kind: 'Job', namespace: 'shop', name: 'report-28990560', pods: ['report-28990560-x'] },
      ];
      assert.equal((await found(labels, [...shop, ...more])).by, by);
    });

  it('a value that cannot be a name is refused at once, and never asked for', async () => {
    for (const [label, value] of [
      ['service', 'a,b=c'],
      ['deployment', '../../secrets'],
      ['pod', 'checkout\n'],
      ['application', 'x'.repeat(300)],
      ['workload', 'a b'],
      ['horizontalpodautoscaler', 'a/b'],
      ['namespace', 'Shop Team'],
    ] as const) {
      const labels = {
        namespace: 'shop',
        ...(label === 'namespace' && { service: 'checkout' }),
        [label]: value,
      };
      const { detail, asked } = await refused('target-not-found', labels, shop);
      assert.match(detail, new RegExp(`cannot be a name`));
      assert.deepEqual(asked, []);
    }
    await refused('target-not-found', { namespace: 'shop', service: 'shop-checkout-8080@kubernetes' }, []);
  });
});
