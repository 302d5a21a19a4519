import { isIP } from 'node:net';
import { calleeOf, type Callee } from './callee.ts';
import type { FixedTarget } from './fixed-target.ts';
import { noMapping, readConfigured, type Configured, type LabelMapping } from './label-mapping.ts';
import { labelNames, serviceLabels, workloadLabels, workloadPairs, workloadTypes } from './label-names.ts';
import { leadTo, type Lead, type WorkloadKind } from './lead.ts';
import { firstPresent, present, type Labels } from './present.ts';
import { serviceHost } from './service-names.ts';
import { isSidecar } from './sidecars.ts';
import { unitNamed } from './systemd-unit.ts';

/**
 * What an alert's labels say about where the JVM runs. Every text is hostile: compare it, never interpolate it.
 * null: the labels do not say.
 */
export interface Wanted {
  cluster: string | null;
  namespace: string | null;
  container: string | null;
  /** What may be meant in Kubernetes, the strongest first. The next six fields sum them up. */
  leads: readonly Lead[];
  pod: string | null;
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
  /** systemd unit, for host and SSH targets. */
  unit: string | null;
  /** Kubernetes node. */
  node: string | null;
  /** Path and method of the slow requests, to choose the part of the profile that matters. */
  uri: string | null;
  method: string | null;
  /** Field → the label it was read from, for `explain`. */
  from: Readonly<Record<string, string>>;
}

/** Jobs that report on other pods: their `instance` is a node or the exporter, their `service` the exporter's. */
const exporter =
  /state-metrics|kubelet|cadvisor|(?<!jmx)[-_]exporter|blackbox|hubble|cilium-agent|argocd-|argo-rollouts/i;
/** A pod of a ReplicaSet or DaemonSet: its name ends in characters that Kubernetes generates names from. */
const generatedPodName = /-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/**
 * Labels → where the JVM runs. The order of the labels and their traps are those of kube-prometheus, kubernetes-mixin,
 * OpenTelemetry, the meshes and the ingress controllers; documented for users in docs/configuration.md.
 * @param mapping further labels of the configuration, which are read first
 * @param fixed what the route says about the target; with a name in it, no label leads anywhere
 */
export function wantedFrom(
  labels: Labels,
  mapping: LabelMapping = noMapping,
  fixed: FixedTarget = {},
): Wanted {
  const from: Record<string, string> = {};
  const read = (field: string, names: readonly string[]): string | null => {
    const found = firstPresent(labels, names);
    if (found !== null) from[field] = found.label;
    return found?.value ?? null;
  };
  const configured = readConfigured(labels, mapping, fixed);
  const fromConfiguration = (field: 'cluster' | 'container'): string | null => {
    const found = configured[field];
    if (found !== null) from[field] = found.label;
    return found?.value ?? null;
  };

  const leads = leadsIn(labels, configured);
  const first = (kind: Lead['kind']): Lead | undefined =>
    leads.find((lead) => lead.kind === kind && lead.problem === null);
  const sum = (field: string, kind: Lead['kind']): string | null => {
    const lead = first(kind);
    if (lead === undefined) return null;
    from[field] = lead.label;
    return lead.places[0]?.name ?? null;
  };

  const location = locationIn(labels, configured);
  const named = leads.find(({ problem }) => problem === null)?.places ?? [];
  const [only] = named;
  const namespace =
    only !== undefined && named.length === 1 && leads[0]?.kind !== 'address'
      ? only.namespace
      : location.namespace;
  if (namespace !== null) from['namespace'] = location.namespaceLabel ?? leads[0]?.label ?? '';
  const pod = sum('pod', 'pod');
  const container = fromConfiguration('container') ?? read('container', location.container);
  if (container !== null && isSidecar(container)) delete from['container'];
  const workload = first('workload');
  const workloadName = sum('workload', 'workload');
  const service = first('service');
  const serviceName = sum('service', 'service');

  const instance = present(labels, 'instance');
  const address = instance === null ? null : hostOf(instance);
  let host = read('host', labelNames.host);
  if (host === null && address !== null && isHost(address)) {
    host = address;
    from['host'] = 'instance';
  }
  const unit = unitNamed(labels, mapping.unit, fixed.unit);
  if (unit !== null) from['unit'] = unit.label;
  return {
    cluster: fromConfiguration('cluster') ?? read('cluster', labelNames.cluster),
    namespace,
    leads,
    pod,
    container: container !== null && isSidecar(container) ? null : container,
    workload: workloadName === null ? null : { kind: workload?.workloadKind ?? null, name: workloadName },
    hpa: sum('hpa', 'autoscaler'),
    podGuess: pod === null ? sum('podGuess', 'pod-guess') : null,
    podIp: pod === null ? sum('podIp', 'address') : null,
    service:
      service === undefined || serviceName === null
        ? null
        : { name: serviceName, namespace: service.hint, label: service.label },
    engineContainer: engineContainerOf(labels, from),
    host,
    unit: unit?.unit ?? null,
    node: read('node', labelNames.node),
    ...requestIn(labels, from),
    from,
  };
}

/** The ladder: what the labels lead to, the strongest first. */
function leadsIn(labels: Labels, configured: Configured): Lead[] {
  const { namespace, pod, callee, scraped } = locationIn(labels, configured);
  const first: Lead[] = [
    ...(configured.pod === null ? [] : [leadTo({ kind: 'pod', ...configured.pod, namespace, firm: true })]),
    ...(configured.workload === null
      ? []
      : [leadTo({ kind: 'workload', ...configured.workload, namespace })]),
    ...(configured.service === null ? [] : [leadTo({ kind: 'service', ...configured.service, namespace })]),
  ];
  if (configured.isFixed) return first;
  const named = firstPresent(labels, pod);
  const pods = named === null ? [] : [leadTo({ kind: 'pod', ...named, namespace, firm: true })];
  if (callee !== null) return unique([...first, ...pods, ...callee.leads]);

  const autoscaler = firstPresent(labels, withExported(labelNames.autoscaler));
  return unique([
    ...first,
    ...pods,
    ...workloadLeads(labels, namespace),
    ...(autoscaler === null ? [] : [leadTo({ kind: 'autoscaler', ...autoscaler, namespace })]),
    // With a pod there is nothing to guess, and `instance` may be the node's.
    ...(named !== null ? [] : instanceLeads(labels, namespace, scraped && !isExporter(labels))),
    ...(isExporter(labels) ? [] : serviceLeads(labels, namespace)),
  ]);
}

interface Location {
  namespace: string | null;
  namespaceLabel: string | null;
  /** Labels to read these from; empty: they are the exporter's. */
  pod: readonly string[];
  container: readonly string[];
  callee: Callee | null;
  /** The plain `instance` is about what the alert is about. */
  scraped: boolean;
}

/**
 * Which labels to read the location from. Where Prometheus scrapes without honor_labels, `exported_X` is the series' own label
 * and `X` the scrape target's: mixing the two would name a pod of the exporter in the namespace of the service.
 */
function locationIn(labels: Labels, configured: Configured): Location {
  const at = (
    names: readonly string[],
    pod: readonly string[],
    container: readonly string[],
    rest: { callee?: Callee; scraped?: boolean } = {},
  ): Location => {
    const found = configured.namespace ?? firstPresent(labels, names);
    return {
      namespace: found?.value ?? null,
      namespaceLabel: found?.label ?? null,
      pod,
      container,
      callee: rest.callee ?? null,
      scraped: rest.scraped ?? true,
    };
  };
  const own = ['exported_namespace'];
  if (configured.isFixed) return at([], [], []);
  const exportedPod = ['exported_pod', 'exported_pod_name'];
  if (firstPresent(labels, exportedPod) !== null)
    return at(own, exportedPod, ['exported_container'], { scraped: false });

  const callee = calleeOf(labels);
  if (callee?.measuredAtCallee === true)
    return at(labelNames.namespace, labelNames.pod, labelNames.container, { callee });
  // A proxy on the caller's side, or in front of all: `pod` is its own.
  if (callee !== null) return at([], [], [], { callee });

  const isOwn = exportedIdentity.some((name) => present(labels, name) !== null);
  if (isOwn) return at(own, [], ['exported_container'], { scraped: false });
  if (present(labels, 'exported_namespace') !== null) {
    const named = workloadLeads(labels, null).length > 0;
    const scrapedPod = firstPresent(labels, labelNames.pod) !== null;
    if (named || !scrapedPod || isExporter(labels))
      return at(own, [], ['exported_container'], { scraped: false });
  }
  // kube-state-metrics with honor_labels: the namespace is the service's, pod and container are its own.
  if (exporter.test(present(labels, 'pod') ?? '')) return at(labelNames.namespace, [], []);
  return at(
    labelNames.namespace,
    labelNames.pod,
    present(labels, 'exported_container') === null ? labelNames.container : ['exported_container'],
  );
}

/** Labels that name what the series is about where the plain ones are the exporter's. */
const exportedIdentity = [
  'exported_service',
  'exported_application',
  'exported_app',
  'exported_instance',
  'exported_job',
  'exported_workload',
  'exported_horizontalpodautoscaler',
  ...workloadLabels.map(([label]) => `exported_${label}`),
];

const withExported = (names: readonly string[]): string[] =>
  names.flatMap((name) => [`exported_${name}`, name]);

function isExporter(labels: Labels): boolean {
  return (
    ['job', 'exported_job', 'service', 'pod', 'container'].some((name) =>
      exporter.test(present(labels, name) ?? ''),
    ) || (present(labels, 'metrics_path') ?? '').endsWith('/cadvisor')
  );
}

function workloadLeads(labels: Labels, namespace: string | null): Lead[] {
  const leads: Lead[] = [];
  for (const [plain, workloadKind] of workloadLabels) {
    const found = firstPresent(labels, [`exported_${plain}`, plain]);
    if (found === null || (plain === 'job_name' && isFlink(labels))) continue;
    leads.push(leadTo({ kind: 'workload', ...found, namespace, workloadKind }));
  }
  for (const [nameLabel, kindLabel] of workloadPairs) {
    const found = firstPresent(labels, [`exported_${nameLabel}`, nameLabel]);
    if (found === null) continue;
    const written = (
      present(labels, `exported_${kindLabel}`) ??
      present(labels, kindLabel) ??
      ''
    ).toLowerCase();
    // A static pod is owned by its node.
    if (written === 'node') continue;
    const workloadKind = workloadTypes.get(written) ?? null;
    leads.push(leadTo({ kind: 'workload', ...found, namespace, workloadKind }));
  }
  return leads;
}

/** Flink's `job_name` is its own job. */
const isFlink = (labels: Labels): boolean =>
  ['job_id', 'tm_id', 'task_name'].some((name) => present(labels, name) !== null);

/** @param scraped the plain `instance` is what the alert is about */
function instanceLeads(labels: Labels, namespace: string | null, scraped: boolean): Lead[] {
  const guess = scraped ? firstPresent(labels, labelNames.podGuess) : elasticsearchNode(labels);
  const instance = firstPresent(labels, ['exported_instance', ...(scraped ? ['instance'] : [])]);
  const host = instance === null ? null : hostOf(instance.value);
  const leads: Lead[] = [];
  const address = (label: string, value: string, name: string) =>
    leadTo({ kind: 'address', label, value, namespace, places: [{ namespace, name }], firm: true });
  if (instance !== null && host !== null) {
    const [, pod, home] = /^([a-z0-9-]+)\.[a-z0-9-]+\.([a-z0-9-]+)\.svc(?:\.|$)/.exec(host) ?? [];
    const service = serviceHost(host);
    if (isIP(host) !== 0) leads.push(address(instance.label, instance.value, host));
    // The name that a StatefulSet gives its pod: POD.SERVICE.NAMESPACE.svc.
    else if (pod !== undefined && home !== undefined)
      leads.push(
        leadTo({ kind: 'pod', ...instance, namespace, places: [{ namespace: home, name: pod }], firm: true }),
      );
    else if (service !== null)
      leads.push(leadTo({ kind: 'service', ...instance, namespace, places: service }));
  }
  const guessed = guess ?? (leads.length === 0 ? instance : null);
  // With a port it is a host; without one it may be a pod's name.
  if (guessed !== null && isName(guessed.value))
    leads.push(
      leadTo({ kind: 'pod-guess', ...guessed, namespace, firm: generatedPodName.test(guessed.value) }),
    );
  return leads;
}

/** The exporter of Elasticsearch tells of its nodes by name, which in Kubernetes is the pod's. */
function elasticsearchNode(labels: Labels): { label: string; value: string } | null {
  return present(labels, 'es_data_node') === null ? null : firstPresent(labels, ['name']);
}

/** Where one of them is exported, the plain `service` and `job` are those of the scrape target. */
function serviceLeads(labels: Labels, namespace: string | null): Lead[] {
  const own = [...exportedIdentity, 'exported_pod'].some((name) => present(labels, name) !== null);
  const ownJob = own || present(labels, 'exported_namespace') !== null;
  const hint = firstPresent(labels, labelNames.serviceNamespace)?.value ?? null;
  const leads: Lead[] = [];
  for (const [plain, podLabel] of serviceLabels) {
    const found = firstPresent(labels, [`exported_${plain}`, plain]);
    if (found === null) continue;
    if ((found.label === 'service' && own) || (found.label === 'job' && ownJob)) continue;
    // OpenTelemetry's `job` is service.namespace/service.name.
    const slash = plain === 'job' ? found.value.lastIndexOf('/') : -1;
    leads.push(
      leadTo({
        kind: 'service',
        ...found,
        namespace,
        podLabel,
        hint: slash > 0 ? found.value.slice(0, slash) : hint,
        places: [{ namespace, name: found.value.slice(slash + 1) }],
      }),
    );
  }
  return leads;
}

/** The same name is looked for once, by its strongest label. */
function unique(leads: readonly Lead[]): Lead[] {
  const seen = new Set<string>();
  return leads.filter(({ kind, value, workloadKind, places, podLabel }) => {
    const key = JSON.stringify([kind, workloadKind, places.length === 0 ? value : places, podLabel]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Path and method; Tempo's and OpenTelemetry's `span_name` of a server is often `GET /checkout`. */
function requestIn(
  labels: Labels,
  from: Record<string, string>,
): { uri: string | null; method: string | null } {
  const uri = firstPresent(labels, labelNames.uri);
  const method = firstPresent(labels, labelNames.method);
  const span = firstPresent(labels, ['span_name', 'span.name']);
  const [, spanMethod, spanPath] = /^([A-Z]{3,7}) (\/\S*)$/.exec(span?.value ?? '') ?? [];
  const uriFrom = uri?.label ?? (spanPath === undefined ? undefined : span?.label);
  const methodFrom = method?.label ?? (spanMethod === undefined ? undefined : span?.label);
  if (uriFrom !== undefined) from['uri'] = uriFrom;
  if (methodFrom !== undefined) from['method'] = methodFrom;
  return { uri: uri?.value ?? spanPath ?? null, method: method?.value ?? spanMethod ?? null };
}

/** cAdvisor without Kubernetes: `id` is a cgroup that ends in the container's id, `name` the container's. */
function engineContainerOf(labels: Labels, from: Record<string, string>): Wanted['engineContainer'] {
  const written = present(labels, 'container_id') ?? present(labels, 'id') ?? '';
  const id = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?$/.exec(written)?.[1] ?? null;
  const found = firstPresent(labels, [
    'container.name',
    'container_name',
    'name',
    'container',
    'container_label_com_docker_compose_service',
  ]);
  if (found !== null) from['engineContainer'] = found.label;
  return { id, name: found?.value ?? null };
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
