import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { wantedFrom, type Wanted } from '../../../src/alerts/labels.ts';

/** Only what the labels say; `from` aside. */
function said(labels: Record<string, string>): Partial<Wanted> {
  return Object.fromEntries(
    Object.entries<unknown>({ ...wantedFrom(labels) }).filter(
      ([field, value]) =>
        field !== 'from' &&
        field !== 'leads' &&
        value !== null &&
        !(typeof value === 'object' && Object.values(value).every((part) => part === null)),
    ),
  );
}

const place = (labels: Record<string, string>) => {
  const { namespace, pod, container, podIp, workload } = wantedFrom(labels);
  return { namespace, pod, container, podIp, workload: workload?.name ?? null };
};
const nowhere = { namespace: null, pod: null, container: null, podIp: null, workload: null };

describe('the pod behind an alert', () => {
  it('is named by pod and namespace, and its container when that is the JVM', () => {
    assert.deepEqual(place({ namespace: 'shop', pod: 'checkout-1', container: 'app' }), {
      ...nowhere,
      namespace: 'shop',
      pod: 'checkout-1',
      container: 'app',
    });
    for (const container of ['', 'POD', 'istio-proxy', 'linkerd-proxy'])
      assert.equal(wantedFrom({ pod: 'checkout-1', container }).container, null, container);
  });

  it('comes from exported_* labels where Prometheus scrapes without honor_labels', () => {
    assert.deepEqual(
      place({
        exported_namespace: 'shop',
        exported_pod: 'checkout-1',
        exported_container: 'app',
        namespace: 'monitoring',
        pod: 'kube-state-metrics-5f-x',
        container: 'kube-state-metrics',
        instance: '10.0.0.9:8080',
      }),
      { ...nowhere, namespace: 'shop', pod: 'checkout-1', container: 'app' },
    );
  });

  it('is never searched for in the exporter’s namespace', () => {
    assert.equal(wantedFrom({ exported_pod: 'checkout-1', namespace: 'monitoring' }).namespace, null);
  });

  it('is not kube-state-metrics when the alert is about a Deployment, with or without honor_labels', () => {
    const scraped = {
      pod: 'kube-state-metrics-5f-x',
      container: 'kube-state-metrics',
      job: 'kube-state-metrics',
    };
    const expected = { ...nowhere, namespace: 'shop', workload: 'checkout' };
    assert.deepEqual(place({ ...scraped, namespace: 'shop', deployment: 'checkout' }), expected);
    assert.deepEqual(
      place({ ...scraped, exported_namespace: 'shop', namespace: 'monitoring', deployment: 'checkout' }),
      expected,
    );
  });

  it('is the scraped pod when a service has its own label named namespace', () => {
    assert.deepEqual(place({ exported_namespace: 'tenant-7', namespace: 'shop', pod: 'checkout-1' }), {
      ...nowhere,
      namespace: 'shop',
      pod: 'checkout-1',
    });
  });

  it('is also named by OpenTelemetry and by older relabelling', () => {
    assert.deepEqual(
      said({ k8s_namespace_name: 'shop', k8s_pod_name: 'checkout-1', k8s_cluster_name: 'eu' }),
      {
        cluster: 'eu',
        namespace: 'shop',
        pod: 'checkout-1',
      },
    );
    assert.equal(wantedFrom({ pod_name: 'checkout-1' }).pod, 'checkout-1');
    assert.deepEqual(said({ service_instance_id: 'checkout-1' }), { podGuess: 'checkout-1' });
  });

  it('is found by its address when nothing else is known', () => {
    for (const [instance, podIp] of [
      ['10.42.0.17:8080', '10.42.0.17'],
      ['[fd00::17]:8080', 'fd00::17'],
      ['10.42.0.17', '10.42.0.17'],
    ] as const)
      assert.equal(wantedFrom({ instance }).podIp, podIp, instance);
  });

  it('is never the node: instance is not looked at when there is a pod or an exporter', () => {
    const instance = '10.0.3.17:10250';
    assert.equal(wantedFrom({ pod: 'pricing-0', instance }).podIp, null);
    for (const job of [
      'kubelet',
      'kube-state-metrics',
      'node-exporter',
      'monitoring/node_exporter',
      'cadvisor',
    ])
      assert.equal(wantedFrom({ job, instance }).podIp, null, job);
    assert.equal(wantedFrom({ metrics_path: '/metrics/cadvisor', instance }).podIp, null);
  });

  it('is the callee, not the caller whose proxy measured it', () => {
    assert.deepEqual(
      place({
        reporter: 'source',
        namespace: 'web',
        pod: 'frontend-1',
        container: 'istio-proxy',
        destination_workload: 'checkout',
        destination_workload_namespace: 'shop',
      }),
      { ...nowhere, namespace: 'shop', workload: 'checkout' },
    );
  });
});

describe('the workload behind an alert', () => {
  for (const [labels, workload] of [
    [{ deployment: 'a' }, { kind: 'Deployment', name: 'a' }],
    [
      { deployment: '', statefulset: 'a', daemonset: '' },
      { kind: 'StatefulSet', name: 'a' },
    ],
    [{ daemonset: 'a' }, { kind: 'DaemonSet', name: 'a' }],
    [
      { job_name: 'a', job: 'scrape' },
      { kind: 'Job', name: 'a' },
    ],
    [{ job: 'scrape' }, null],
    [{ k8s_statefulset_name: 'a' }, { kind: 'StatefulSet', name: 'a' }],
    [
      { workload: 'a', workload_type: 'deployment' },
      { kind: 'Deployment', name: 'a' },
    ],
    [
      { workload: 'a', workload_type: 'constructor' },
      { kind: null, name: 'a' },
    ],
    [
      { workload: 'a', workload_type: '__proto__' },
      { kind: null, name: 'a' },
    ],
    [{ destination_canonical_service: 'a' }, { kind: null, name: 'a' }],
  ] as const)
    it(`of ${JSON.stringify(labels)} is ${JSON.stringify(workload)}`, () => {
      assert.deepEqual(wantedFrom(labels).workload, workload);
    });

  it('may be scaled by a HorizontalPodAutoscaler', () => {
    const { hpa, namespace, pod } = wantedFrom({
      horizontalpodautoscaler: 'checkout',
      namespace: 'shop',
      job: 'kube-state-metrics',
    });
    assert.deepEqual({ hpa, namespace, pod }, { hpa: 'checkout', namespace: 'shop', pod: null });
  });

  it('may be known only as a service, by the strongest label', () => {
    assert.deepEqual(wantedFrom({ service: 'checkout', job: 'x' }).service, {
      name: 'checkout',
      namespace: null,
      label: 'service',
    });
    assert.deepEqual(wantedFrom({ job: 'shop/checkout' }).service, {
      name: 'checkout',
      namespace: 'shop',
      label: 'job',
    });
    assert.equal(wantedFrom({ job: 'kube-state-metrics', service: 'kube-state-metrics' }).service, null);
  });
});

describe('machines without Kubernetes', () => {
  it('are named by host labels, else by instance', () => {
    assert.equal(wantedFrom({ instance: 'app-1.example.com:9404' }).host, 'app-1.example.com');
    assert.equal(wantedFrom({ host: 'app-2', instance: 'x:1' }).host, 'app-2');
    for (const instance of ['-oProxyCommand=x', 'a b', 'http://x/', '$(id)'])
      assert.equal(wantedFrom({ instance }).host, null, instance);
  });

  it('identify a container by cAdvisor’s labels', () => {
    const id = 'ab'.repeat(32);
    for (const written of [`/docker/${id}`, `/system.slice/docker-${id}.scope`])
      assert.deepEqual(wantedFrom({ id: written, name: 'shop' }).engineContainer, { id, name: 'shop' });
  });
});

it('names the slow request for the answer', () => {
  assert.deepEqual(said({ uri: '/checkout', method: 'POST' }), { uri: '/checkout', method: 'POST' });
});

it('every field names the label it was found by', () => {
  assert.deepEqual(wantedFrom({ exported_pod: 'a', instance: 'b:1', cluster: 'eu' }).from, {
    pod: 'exported_pod',
    host: 'instance',
    cluster: 'cluster',
  });
});

it('survives any label, however hostile', () => {
  const name = fc.constantFrom(
    'pod',
    'instance',
    'exported_pod',
    'job',
    'id',
    'namespace',
    'deployment',
    '__proto__',
  );
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.string({ unit: fc.constantFrom(...'ab-9\0\n"\'<&$\\:/.\ud800é😀') })),
      (labels) => {
        wantedFrom(labels);
      },
    ),
    { numRuns: 1000 },
  );
  const long = 'a.'.repeat(50_000);
  assert.equal(wantedFrom({ instance: long, id: long }).host, null);
});
