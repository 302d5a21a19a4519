import type { TargetKind } from '../captures/target-kinds.ts';
import type { Origin } from './metric-origins.ts';
import { fateOf, type Shape } from './shape.ts';

/** An alert as a rule would send it: one value for each label that it has. */
export interface SampleAlert {
  labels: Record<string, string>;
  /** Labels whose value is only an example: the series decide it. */
  examples: ReadonlySet<string>;
  /** Of these, the labels that the expression does not name: nothing but custom says that its series have them. */
  assumed: ReadonlySet<string>;
}

/** Where the alerts of a rule would lead: what a sample has to fit. */
export interface Surroundings {
  kind: TargetKind;
  /** This machine's name, for host targets. */
  machine: string;
  cluster: string | undefined;
  namespaces: readonly string[] | undefined;
}

const name = 'some-workload';
const generatedPod = `${name}-7d9f8c6b5-x2x4z`;

/** Examples of labels whose value must have a form. Any other label's example is `some-LABEL`. */
const examples: Readonly<Record<string, string>> = {
  pod: generatedPod,
  uid: '0f4a1c9e-3b52-4c8d-9a57-6f1f0c2b7d11',
  container: 'some-container',
  service: 'some-service',
  job: 'some-service',
  instance: '10.0.0.7:8080',
  endpoint: 'http',
  node: 'some-node',
  workload: name,
  workload_type: 'deployment',
  owner_name: name,
  owner_kind: 'ReplicaSet',
  created_by_name: name,
  created_by_kind: 'ReplicaSet',
  reporter: 'source',
  direction: 'outbound',
  uri: '/some/path',
  method: 'GET',
  le: '1',
  quantile: '0.99',
  metrics_path: '/metrics',
  destination_service: 'some-service.some-namespace.svc.cluster.local',
  destination: 'some-namespace/some-workload',
  destination_ip: '10.0.0.7',
  proxy: 'some-namespace_some-service_8080',
  es_data_node: 'true',
};

/**
 * What an alert of such a rule looks like, with the labels that series of this origin have by custom: those that Prometheus
 * adds when it scrapes pods, and those of the exporter. Pure.
 */
export function sampleAlert(shape: Shape, origin: Origin | null, surroundings: Surroundings): SampleAlert {
  const custom = origin === null ? {} : customOf(origin, surroundings);
  const labels: Record<string, string> = {};
  const isExample = new Set<string>();
  const assumed = new Set<string>();
  for (const [label, fate] of shape.known) {
    if (fate.is === 'value') labels[label] = fate.value;
    else if (fate.is === 'kept') {
      labels[label] = fate.oneOf?.[0] ?? custom[label] ?? exampleOf(label, surroundings);
      isExample.add(label);
    }
  }
  for (const [label, value] of Object.entries(custom)) {
    if (fateOf(shape, label).is !== 'possible') continue;
    labels[label] = value;
    isExample.add(label);
    assumed.add(label);
  }
  return { labels, examples: isExample, assumed };
}

function exampleOf(label: string, { kind, machine, cluster, namespaces }: Surroundings): string {
  const plain = label.replace(/^exported_/, '');
  if (plain === 'cluster' && cluster !== undefined) return cluster;
  if (isNamespace(plain)) return namespaces?.[0] ?? 'some-namespace';
  if (kind === 'host' && /^(?:instance|host|hostname|host[._]name|nodename|fqdn|node)$/.test(plain))
    return machine;
  if (/^(?:k8s[._]|kubernetes_)?pod(?:[._]name)?$/.test(plain)) return generatedPod;
  return examples[plain] ?? `some-${plain.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}

const isNamespace = (label: string): boolean => /(?:^|[._])namespace(?:[._]name)?$/.test(label);

/** Labels that the series have although no rule names them. */
function customOf({ scraped, keep }: Origin, surroundings: Surroundings): Record<string, string> {
  const all = (...labels: string[]): Record<string, string> =>
    Object.fromEntries(labels.map((label) => [label, exampleOf(label, surroundings)]));
  if (surroundings.kind !== 'kubernetes') return outsideKubernetes(scraped, all);
  switch (scraped) {
    case 'pod':
      return all('namespace', 'pod', 'container', 'service', 'endpoint', 'instance', 'job', ...keep);
    case 'cadvisor':
      return {
        ...all('namespace', 'pod', 'container', 'node'),
        instance: '10.0.0.1:10250',
        job: 'kubelet',
        service: 'kubelet',
        metrics_path: '/metrics/cadvisor',
      };
    case 'kube-state-metrics':
      return {
        container: 'kube-state-metrics',
        pod: 'kube-state-metrics-6d8f7c5b9-x2x4z',
        instance: '10.0.0.2:8080',
        job: 'kube-state-metrics',
        service: 'kube-state-metrics',
        ...all(...keep),
      };
    case 'ingress':
      return {
        ...all('exported_namespace', 'exported_service', 'ingress'),
        controller_class: 'k8s.io/ingress-nginx',
        controller_pod: 'ingress-nginx-controller-5c8d66c76d-x2x4z',
        namespace: 'ingress-nginx',
        pod: 'ingress-nginx-controller-5c8d66c76d-x2x4z',
        service: 'ingress-nginx-controller-metrics',
        job: 'ingress-nginx-controller-metrics',
        instance: '10.0.0.3:10254',
      };
    case 'traefik':
      return {
        namespace: 'ingress',
        pod: 'proxy-5c8d66c76d-x2x4z',
        instance: '10.0.0.3:9100',
        job: 'proxy',
        service: 'some-namespace-some-service-8080@kubernetes',
        proxy: 'some-namespace_some-service_8080',
        es_data_node: 'true',
      };
    case 'mesh':
      return {
        ...all('namespace', 'pod', 'container', 'reporter', 'destination', 'destination_service'),
        ...all('destination_workload', 'destination_workload_namespace'),
      };
    case 'exporter':
      return {
        ...all(...keep),
        namespace: 'monitoring',
        pod: 'some-exporter-5c8d66c76d-x2x4z',
        container: 'some-exporter',
        instance: '10.0.0.4:9308',
        job: 'some-exporter',
        service: 'some-exporter',
      };
    case 'probe':
      return { instance: 'https://shop.example.com/health', job: 'blackbox-exporter' };
  }
}

function outsideKubernetes(
  scraped: Origin['scraped'],
  all: (...labels: string[]) => Record<string, string>,
): Record<string, string> {
  if (scraped === 'cadvisor') return { ...all('instance', 'job', 'name'), id: `/docker/${'0'.repeat(64)}` };
  return all('instance', 'job');
}
