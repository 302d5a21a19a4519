import { containerLeads } from '../alerts/container-labels.ts';
import type { Wanted } from '../alerts/labels.ts';
import type { TargetKind } from '../captures/target-kinds.ts';

/** What an alert's labels name, and by which label. */
export interface Named {
  /** `machine` without a label: the busiest JVM of this one. */
  what: 'pod' | 'workload' | 'service' | 'container' | 'machine';
  /** `pod`, `k8s.pod.name`; '' when no label says it. */
  label: string;
  /** Nothing says in which namespace: several may have one of that name. */
  namespaceMissing: boolean;
}

const words = {
  pod: 'pod',
  address: 'pod',
  'pod-guess': 'pod',
  workload: 'workload',
  autoscaler: 'workload',
  service: 'service',
} as const;

/** null: the labels lead to nothing of this kind. Pure. */
export function namedBy(
  kind: TargetKind,
  wanted: Wanted,
  labels: Readonly<Record<string, string>>,
): Named | null {
  switch (kind) {
    case 'host':
      return { what: 'machine', label: wanted.from['host'] ?? '', namespaceMissing: false };
    case 'ssh':
      return wanted.host === null
        ? null
        : { what: 'machine', label: wanted.from['host'] ?? '', namespaceMissing: false };
    case 'docker': {
      const [lead] = containerLeads(labels);
      if (lead === undefined) return null;
      const what = lead.by === 'service' ? 'service' : 'container';
      return { what, label: lead.label, namespaceMissing: false };
    }
    case 'kubernetes': {
      const lead = wanted.leads.find(({ problem }) => problem === null);
      if (lead === undefined) return null;
      // An address is one pod's, whatever its namespace.
      const namespaceMissing =
        lead.kind !== 'address' && lead.places.every(({ namespace }) => namespace === null);
      return { what: words[lead.kind], label: lead.label, namespaceMissing };
    }
  }
}
