import { calleeOf, type Callee } from './callee.ts';
import type { Configured } from './label-mapping.ts';
import { labelNames, workloadLabels } from './label-names.ts';
import { firstPresent, present, type Labels } from './present.ts';
import { workloadLeads } from './workload-leads.ts';

/** Jobs that report on other pods: their `instance` is a node or the exporter, their `service` the exporter's. */
const exporter =
  /state-metrics|kubelet|cadvisor|(?<!jmx)[-_]exporter|blackbox|hubble|cilium-agent|argocd-|argo-rollouts/i;

/** Which labels say where the JVM runs, and the namespace that they name. */
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
export function locationIn(labels: Labels, configured: Configured): Location {
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
export const exportedIdentity = [
  'exported_service',
  'exported_application',
  'exported_app',
  'exported_instance',
  'exported_job',
  'exported_workload',
  'exported_horizontalpodautoscaler',
  ...workloadLabels.map(([label]) => `exported_${label}`),
];

/** The series reports on others: its instance, service and job are its own. */
export function isExporter(labels: Labels): boolean {
  return (
    ['job', 'exported_job', 'service', 'pod', 'container'].some((name) =>
      exporter.test(present(labels, name) ?? ''),
    ) || (present(labels, 'metrics_path') ?? '').endsWith('/cadvisor')
  );
}
