/** The labels under which a series names its pod. One scheme per query: an installation uses one of them. */
export interface PodLabels {
  pod: string;
  namespace: string;
  /** What else tells pods of one name apart, or names the pod where `pod` is missing. */
  beside: readonly string[];
}

/** What Prometheus adds when it discovers pods. `instance` holds the address where there is no pod label. */
export const prometheusLabels: PodLabels = {
  pod: 'pod',
  namespace: 'namespace',
  beside: ['instance', 'cluster'],
};

/** The likeliest first; the same names that alerts/labels.ts reads. */
export const podLabelSchemes: readonly PodLabels[] = [
  prometheusLabels,
  // An exporter's own labels, scraped without honor_labels.
  { pod: 'exported_pod', namespace: 'exported_namespace', beside: ['cluster'] },
  // OpenTelemetry: with underscores by default, with dots where Prometheus 3 keeps UTF-8 names.
  { pod: 'k8s_pod_name', namespace: 'k8s_namespace_name', beside: ['k8s_cluster_name', 'cluster'] },
  { pod: 'k8s.pod.name', namespace: 'k8s.namespace.name', beside: ['k8s.cluster.name', 'cluster'] },
  // Prometheus' example configuration of old.
  { pod: 'kubernetes_pod_name', namespace: 'kubernetes_namespace', beside: ['cluster'] },
];

/** Prometheus 3 has names beyond ASCII's letters, which it wants quoted. */
export const labelName = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
