import { isIP } from 'node:net';
import { hostOf, isName } from './instance.ts';
import type { Configured } from './label-mapping.ts';
import { labelNames, serviceLabels } from './label-names.ts';
import { leadTo, type Lead } from './lead.ts';
import { exportedIdentity, isExporter, locationIn } from './location.ts';
import { firstPresent, present, type Labels } from './present.ts';
import { serviceHost } from './service-names.ts';
import { workloadLeads } from './workload-leads.ts';

/** A pod of a ReplicaSet or DaemonSet: its name ends in characters that Kubernetes generates names from. */
const generatedPodName = /-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/** The ladder: what the labels lead to, the strongest first. */
export function ladderOf(labels: Labels, configured: Configured): Lead[] {
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

const withExported = (names: readonly string[]): string[] =>
  names.flatMap((name) => [`exported_${name}`, name]);

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
