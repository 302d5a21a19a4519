import { hostOf, isHost } from './instance.ts';
import type { FixedTarget } from './fixed-target.ts';
import { noMapping, readConfigured, type LabelMapping } from './label-mapping.ts';
import { labelNames } from './label-names.ts';
import { ladderOf } from './ladder.ts';
import type { Lead, WorkloadKind } from './lead.ts';
import { locationIn } from './location.ts';
import { firstPresent, present, type Labels } from './present.ts';
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

  const leads = ladderOf(labels, configured);
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
