import { apiPath } from './api.ts';

/** Where the API server keeps what flamepin reads. `namespace` null: in all of them. */

/** Kinds whose pods are found by the selector in their own object. */
const workloadPlurals: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  ReplicaSet: 'replicasets',
};

export function podsPath(namespace: string | null): string {
  return inNamespace('api/v1', namespace, 'pods');
}

export function podPath(namespace: string, name: string): string {
  return `${podsPath(namespace)}/${encodeURIComponent(name)}`;
}

/** Undefined: no kind that names its pods itself. */
export function workloadPath(kind: string, namespace: string, name: string): string | undefined {
  const plural = workloadPlurals[kind];
  return plural === undefined ? undefined : inNamespace('apis/apps/v1', namespace, plural, name);
}

/** All of a kind in all namespaces; undefined for kinds that flamepin does not look for. */
export function workloadsPath(kind: string): string | undefined {
  if (kind === 'Job') return inNamespace('apis/batch/v1', null, 'jobs');
  const plural = workloadPlurals[kind];
  return plural === undefined ? undefined : inNamespace('apis/apps/v1', null, plural);
}

export function autoscalerPath(namespace: string, name: string): string {
  return inNamespace('apis/autoscaling/v2', namespace, 'horizontalpodautoscalers', name);
}

export function endpointSlicesPath(namespace: string | null): string {
  return inNamespace('apis/discovery.k8s.io/v1', namespace, 'endpointslices');
}

export function podMetricsPath(namespace: string): string {
  return inNamespace('apis/metrics.k8s.io/v1beta1', namespace, 'pods');
}

function inNamespace(group: string, namespace: string | null, ...rest: string[]): string {
  return apiPath(...group.split('/'), ...(namespace === null ? [] : ['namespaces', namespace]), ...rest);
}
