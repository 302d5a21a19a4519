import { isIP } from 'node:net';

/**
 * What an alert's labels say about where the JVM runs. Every text is hostile: compare it, never interpolate it.
 * null: the labels do not say.
 */
export interface Wanted {
  cluster: string | null;
  namespace: string | null;
  pod: string | null;
  container: string | null;
  /** Kind is null when the labels name a workload without saying what it is. */
  workload: { kind: WorkloadKind | null; name: string } | null;
  /** A HorizontalPodAutoscaler; its scaleTargetRef is the workload. */
  hpa: string | null;
  /** May be the name or uid of a pod, or something else: OpenTelemetry's instance id. */
  podGuess: string | null;
  /** Address of the pod, from `instance`; never of a node. */
  podIp: string | null;
  /** Weak: what the service calls itself. `label` is where it was read from. */
  service: { name: string; namespace: string | null; label: string } | null;
  /** A container of an engine without Kubernetes, by id or name. */
  engineContainer: { id: string | null; name: string | null };
  /** Host name or address without port, for host and SSH targets. */
  host: string | null;
  /** Kubernetes node. */
  node: string | null;
  /** Path and method of the slow requests, to choose the part of the profile that matters. */
  uri: string | null;
  method: string | null;
  /** Field → the label it was read from, for `explain`. */
  from: Readonly<Record<string, string>>;
}

type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job' | 'ReplicaSet';

type Labels = Readonly<Record<string, string>>;

/** In each list the first label with a value wins. */
const labelNames = {
  cluster: ['cluster', 'k8s_cluster_name'],
  namespace: ['namespace', 'k8s_namespace_name', 'kubernetes_namespace', 'destination_workload_namespace'],
  pod: ['pod', 'k8s_pod_name', 'pod_name', 'kubernetes_pod_name'],
  container: ['container', 'k8s_container_name'],
  service: ['service_name', 'service', 'application', 'job'],
  host: ['host_name', 'hostname', 'host', 'nodename'],
  node: ['node', 'k8s_node_name', 'kubernetes_node'],
  uri: ['uri', 'http_route', 'url_path', 'http_target', 'path', 'route'],
  method: ['method', 'http_request_method', 'http_method'],
} as const;

const workloadLabels: readonly (readonly [string, WorkloadKind | null])[] = [
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
  // `job` is the scrape job; `job_name` the Kubernetes Job.
  ['job_name', 'Job'],
  ['k8s_deployment_name', 'Deployment'],
  ['k8s_statefulset_name', 'StatefulSet'],
  ['k8s_daemonset_name', 'DaemonSet'],
  ['k8s_job_name', 'Job'],
  ['replicaset', 'ReplicaSet'],
  ['destination_workload', null],
  ['destination_canonical_service', null],
];

/** A Map, for the label's value is hostile: an object would find `constructor` too. */
const workloadTypes: ReadonlyMap<string, WorkloadKind> = new Map([
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
  ['job', 'Job'],
  ['replicaset', 'ReplicaSet'],
]);

/** Jobs that report on other pods: their `instance` is a node or the exporter, their `service` the exporter's. */
const exporter = /kube-state-metrics|kubelet|cadvisor|node[-_]exporter/i;
/** Never the JVM: the pause container, and proxies that report on behalf of the container next to them. */
const sidecars = new Set(['POD', 'istio-proxy', 'linkerd-proxy']);

/**
 * Labels → where the JVM runs. The order of the labels and their traps are those of kube-prometheus, kubernetes-mixin,
 * OpenTelemetry, Istio and Linkerd; documented for users in docs/configuration.md.
 */
export function wantedFrom(labels: Labels): Wanted {
  const from: Record<string, string> = {};
  const read = (field: string, names: readonly string[]): string | null => {
    const name = names.find((each) => present(labels, each) !== null);
    if (name === undefined) return null;
    from[field] = name;
    return present(labels, name);
  };

  const fromExporter = isExporter(labels);
  const workload = readWorkload(labels, from);
  const hpa = read('hpa', ['horizontalpodautoscaler', 'exported_horizontalpodautoscaler']);
  const named = workload !== null || hpa !== null;

  const location = locationLabels(labels, fromExporter, named);
  const namespace = read('namespace', location.namespace);
  const pod = read('pod', location.pod);
  const container = read('container', location.container);
  const instance = present(labels, 'instance');
  const address = instance === null ? null : hostOf(instance);

  let podIp: string | null = null;
  if (pod === null && !fromExporter && address !== null && isIP(address) !== 0) {
    podIp = address;
    from['podIp'] = 'instance';
  }
  let podGuess: string | null = null;
  if (pod === null && !fromExporter) {
    podGuess = read('podGuess', ['service_instance_id']);
    if (podGuess === null && instance !== null && podIp === null && isName(instance)) {
      podGuess = instance;
      from['podGuess'] = 'instance';
    }
  }
  let host = read('host', labelNames.host);
  if (host === null && address !== null && isHost(address)) {
    host = address;
    from['host'] = 'instance';
  }
  return {
    cluster: read('cluster', labelNames.cluster),
    namespace,
    pod,
    container: container !== null && sidecars.has(container) ? null : container,
    workload,
    hpa,
    podGuess,
    podIp,
    service: fromExporter ? null : serviceOf(labels, from),
    engineContainer: engineContainerOf(labels, from),
    host,
    node: read('node', labelNames.node),
    uri: read('uri', labelNames.uri),
    method: read('method', labelNames.method),
    from,
  };
}

function present(labels: Labels, name: string): string | null {
  const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
  return value === undefined || value === '' ? null : value;
}

function isExporter(labels: Labels): boolean {
  return (
    ['job', 'exported_job', 'service', 'pod', 'container'].some((name) =>
      exporter.test(present(labels, name) ?? ''),
    ) || (present(labels, 'metrics_path') ?? '').endsWith('/cadvisor')
  );
}

/**
 * Which labels to read the location from. Where Prometheus scrapes without honor_labels, `exported_X` is the series' own label
 * and `X` the scrape target's: mixing the two would name a pod of the exporter in the namespace of the service.
 */
function locationLabels(
  labels: Labels,
  fromExporter: boolean,
  named: boolean,
): Record<'namespace' | 'pod' | 'container', readonly string[]> {
  const own = ['exported_namespace'];
  if (present(labels, 'exported_pod') !== null)
    return { namespace: own, pod: ['exported_pod'], container: ['exported_container'] };
  if (present(labels, 'exported_namespace') !== null && (named || fromExporter))
    return { namespace: own, pod: [], container: ['exported_container'] };
  // A mesh proxy on the caller's side measures the callee: `pod` is the caller.
  const callee = ['destination_workload_namespace', 'destination_service_namespace'];
  if (present(labels, 'destination_workload') !== null && present(labels, 'reporter') !== 'destination')
    return { namespace: [...callee, ...labelNames.namespace], pod: [], container: [] };
  // kube-state-metrics with honor_labels: the namespace is the service's, pod and container are its own.
  if (exporter.test(present(labels, 'pod') ?? ''))
    return { namespace: labelNames.namespace, pod: [], container: [] };
  return {
    namespace: labelNames.namespace,
    pod: labelNames.pod,
    container: present(labels, 'exported_container') === null ? labelNames.container : ['exported_container'],
  };
}

function readWorkload(labels: Labels, from: Record<string, string>): Wanted['workload'] {
  for (const [plain, kind] of workloadLabels)
    for (const label of [`exported_${plain}`, plain]) {
      const name = present(labels, label);
      if (name === null) continue;
      from['workload'] = label;
      return { kind, name };
    }
  // kubernetes-mixin's recording rules.
  const name = present(labels, 'workload');
  if (name === null) return null;
  from['workload'] = 'workload';
  const type = (present(labels, 'workload_type') ?? '').toLowerCase();
  return { kind: workloadTypes.get(type) ?? null, name };
}

function serviceOf(labels: Labels, from: Record<string, string>): Wanted['service'] {
  for (const label of labelNames.service) {
    const value = present(labels, label);
    if (value === null) continue;
    from['service'] = label;
    // OpenTelemetry's `job` is service.namespace/service.name; its namespace need not be Kubernetes'.
    const slash = label === 'job' ? value.indexOf('/') : -1;
    return {
      name: value.slice(slash + 1),
      namespace: slash > 0 ? value.slice(0, slash) : null,
      label,
    };
  }
  return null;
}

/** cAdvisor without Kubernetes: `id` is a cgroup that ends in the container's id, `name` the container's. */
function engineContainerOf(labels: Labels, from: Record<string, string>): Wanted['engineContainer'] {
  const written = present(labels, 'container_id') ?? present(labels, 'id') ?? '';
  const id = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?$/.exec(written)?.[1] ?? null;
  const label = ['container_name', 'name', 'container', 'container_label_com_docker_compose_service'].find(
    (each) => present(labels, each) !== null,
  );
  if (label !== undefined) from['engineContainer'] = label;
  return { id, name: label === undefined ? null : present(labels, label) };
}

/** `10.1.2.3:8080`, `[::1]:8080`, `web1:9100` or a bare host → the host. */
function hostOf(instance: string): string | null {
  const [, bracketed] = /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(instance) ?? [];
  if (bracketed !== undefined) return bracketed;
  if (isIP(instance) === 6) return instance;
  const [, plain] = /^([^:/\s]+)(?::\d{1,5})?$/.exec(instance) ?? [];
  return plain ?? null;
}

/** An address or a DNS name. Nothing else may reach a command line. */
function isHost(text: string): boolean {
  return (
    isIP(text) !== 0 || (text.length <= 253 && /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(text))
  );
}

/** Without a port it may be the name or uid of a pod. */
function isName(instance: string): boolean {
  return instance.length <= 253 && /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(instance);
}
