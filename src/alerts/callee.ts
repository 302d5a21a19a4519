import { leadTo, type Lead, type WorkloadKind } from './lead.ts';
import { firstPresent, present, type Labels } from './present.ts';
import { placesIn, serviceHost, slashed } from './service-names.ts';

/**
 * Who is called, in the labels of a mesh or of an ingress controller. The plain labels beside them (pod, namespace, service,
 * instance …) are those of the proxy that measured: the caller's, or the controller's own.
 */
export interface Callee {
  leads: Lead[];
  /** The proxy that measured runs beside the callee, so that the plain pod is the callee's. */
  measuredAtCallee: boolean;
}

/** Requests that a mesh could not attribute to a service. */
const noService = /^(?:PassthroughCluster|BlackHoleCluster|InboundPassthroughCluster)/;

const meshWorkloads: readonly (readonly [string, WorkloadKind | null])[] = [
  ['destination_workload', null],
  ['destination_canonical_service', null],
  ['dst_deployment', 'Deployment'],
  ['dst_statefulset', 'StatefulSet'],
  ['dst_daemonset', 'DaemonSet'],
  ['dst_job', 'Job'],
  ['dst_replicaset', 'ReplicaSet'],
];
const meshServices: readonly (readonly [string, string | null])[] = [
  ['destination_service_name', null],
  ['dst_service', null],
  ['backend_name', null],
  ['consul_destination_service', 'app'],
  ['destination_app', 'app'],
];
const meshNamespaces = [
  'destination_workload_namespace',
  'destination_service_namespace',
  'destination_namespace',
  'dst_namespace',
  'backend_namespace',
];
/** Istio's, Linkerd's, and Envoy's own name of a cluster (Istio: `outbound|80||HOST`). */
const meshHosts = ['destination_service', 'authority', 'dst', 'destination_service_host'];
/** Names of a service behind a proxy, in a form that only proxies write. */
const proxyLabels = [
  'exported_service',
  'service',
  'proxy',
  'exported_proxy',
  'backend',
  'upstream',
  'envoy_cluster_name',
];
/** Where one of them is, the series was written by an ingress controller. */
const controllerLabels = ['ingress', 'exported_ingress', 'controller_class', 'controller_pod'];

/** null: the labels are neither a mesh's nor an ingress controller's. */
export function calleeOf(labels: Labels): Callee | null {
  const mesh = meshLeads(labels);
  if (mesh.length > 0 || isMesh(labels))
    return { leads: mesh, measuredAtCallee: ['destination', 'inbound'].includes(sideOf(labels)) };
  const behind = ingressLeads(labels);
  return behind.length === 0 ? null : { leads: behind, measuredAtCallee: false };
}

/** A mesh that could not say who was called: the plain labels are the caller's all the same. */
const isMesh = (labels: Labels): boolean =>
  [...meshWorkloads, ...meshServices].some(([label]) => Object.hasOwn(labels, label) && labels[label] !== '');

const sideOf = (labels: Labels): string => present(labels, 'reporter') ?? present(labels, 'direction') ?? '';

function meshLeads(labels: Labels): Lead[] {
  const namespace = firstPresent(labels, meshNamespaces)?.value ?? null;
  const leads: Lead[] = [];
  const pod = firstPresent(labels, ['destination_pod', 'destination_pod_name', 'dst_pod']);
  if (pod !== null) {
    const place = slashed(pod.value);
    leads.push(
      leadTo({ kind: 'pod', ...pod, namespace, firm: true, ...(place !== null && { places: [place] }) }),
    );
  }
  for (const [label, workloadKind] of meshWorkloads) {
    const value = present(labels, label);
    if (value === null) continue;
    const place = slashed(value);
    leads.push(
      leadTo({
        kind: 'workload',
        label,
        value,
        namespace,
        workloadKind,
        ...(place !== null && { places: [place] }),
      }),
    );
  }
  for (const label of meshHosts) {
    const value = present(labels, label);
    const places = value === null ? null : serviceHost(value);
    if (value !== null && places !== null)
      leads.push(leadTo({ kind: 'service', label, value, namespace, places }));
  }
  for (const [label, podLabel] of meshServices) {
    const value = present(labels, label);
    if (value === null || noService.test(value)) continue;
    const places = serviceHost(value);
    leads.push(
      leadTo({ kind: 'service', label, value, namespace, podLabel, ...(places !== null && { places }) }),
    );
  }
  // Istio's host outside the cluster, or its short form.
  const service = present(labels, 'destination_service');
  if (
    service !== null &&
    !noService.test(service) &&
    !leads.some(({ label }) => label === 'destination_service')
  )
    leads.push(leadTo({ kind: 'service', label: 'destination_service', value: service, namespace }));
  return [...leads, ...hubbleLeads(labels, namespace)];
}

/** Hubble's `destination`: by its configuration the pod or workload, with its namespace. */
function hubbleLeads(labels: Labels, namespace: string | null): Lead[] {
  const value = present(labels, 'destination');
  const place = value === null ? null : slashed(value);
  const address = present(labels, 'destination_ip');
  return [
    ...(value === null || place === null
      ? []
      : [
          leadTo({ kind: 'pod-guess', label: 'destination', value, namespace, places: [place] }),
          leadTo({ kind: 'service', label: 'destination', value, namespace, places: [place] }),
        ]),
    ...(address === null
      ? []
      : [leadTo({ kind: 'address', label: 'destination_ip', value: address, namespace, firm: true })]),
  ];
}

function ingressLeads(labels: Labels): Lead[] {
  const controller = controllerLabels.some((label) => present(labels, label) !== null);
  const exported = present(labels, 'exported_namespace');
  const plain = present(labels, 'namespace');
  const leads: Lead[] = [];
  for (const label of proxyLabels) {
    const value = present(labels, label);
    if (value === null) continue;
    const places = placesIn(value, exported ?? plain);
    if (places !== null) {
      const problem = places.length === 0 ? 'not a service of Kubernetes' : null;
      leads.push(leadTo({ kind: 'service', label, value, namespace: null, places, problem }));
    } else if (controller && (label === 'exported_service' || label === 'service')) {
      // Without exported_service, the plain namespace is the service's own: the controller's scrape keeps its labels.
      const own = label === 'service' && present(labels, 'exported_service') === null;
      // A service that is also exported: this one is the controller's.
      if (label === 'service' && !own) continue;
      leads.push(leadTo({ kind: 'service', label, value, namespace: exported ?? (own ? plain : null) }));
    }
  }
  return leads;
}
