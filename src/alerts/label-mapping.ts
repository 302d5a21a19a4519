import { RE2JS } from 're2js';
import { fixedWorkloads, type FixedTarget } from './fixed-target.ts';
import type { WorkloadKind } from './lead.ts';
import { present, type Labels } from './present.ts';

/** One label of the configuration. A value that does not fit `pattern` counts as missing. */
export interface MappedLabel {
  label: string;
  /** RE2 over the whole value, with groups; null: any. */
  pattern: string | null;
  /** What the name is, with `$1` for the first group; `$0` is the whole value. */
  value: string;
}

/** Further labels for each meaning, read before those that flamepin knows; in each list the first that fits wins. */
export type LabelMapping = Readonly<
  Record<
    'cluster' | 'namespace' | 'pod' | 'container' | 'workload' | 'service' | 'host' | 'unit',
    readonly MappedLabel[]
  >
>;

export const noMapping: LabelMapping = {
  cluster: [],
  namespace: [],
  pod: [],
  container: [],
  workload: [],
  service: [],
  host: [],
  unit: [],
};

interface Read {
  label: string;
  value: string;
}

/** What the configuration makes of an alert's labels; null: it does not say. */
export interface Configured {
  cluster: Read | null;
  namespace: Read | null;
  container: Read | null;
  pod: Read | null;
  workload: (Read & { workloadKind: WorkloadKind | null }) | null;
  service: Read | null;
  /** The route names the target: no label is looked at. */
  isFixed: boolean;
}

/** @param fixed of the route; it comes before the labels of the mapping */
export function readConfigured(labels: Labels, mapping: LabelMapping, fixed: FixedTarget): Configured {
  const byRoute = (key: keyof FixedTarget): Read | null =>
    fixed[key] === undefined ? null : { label: `target.kubernetes.${key} of the route`, value: fixed[key] };
  const workloads = Object.entries(fixedWorkloads).flatMap(([key, workloadKind]) => {
    const read = byRoute(key as keyof typeof fixedWorkloads);
    return read === null ? [] : [{ ...read, workloadKind }];
  });
  const [pod, service, [workload]] = [byRoute('pod'), byRoute('service'), workloads];
  const isFixed = pod !== null || service !== null || workload !== undefined;
  const mapped = (meaning: keyof LabelMapping) => readFirst(labels, mapping[meaning]);
  const named = isFixed ? null : mapped('workload');
  return {
    cluster: mapped('cluster'),
    namespace: byRoute('namespace') ?? mapped('namespace'),
    container: byRoute('container') ?? mapped('container'),
    pod: isFixed ? pod : mapped('pod'),
    workload: workload ?? (named === null ? null : { ...named, workloadKind: null }),
    service: isFixed ? service : mapped('service'),
    isFixed,
  };
}

/** The first label of these that fits, with the value that the configuration makes of it; null: none does. */
export function readFirst(
  labels: Labels,
  mapped: readonly MappedLabel[],
): { label: string; value: string } | null {
  for (const { label, pattern, value } of mapped) {
    const written = present(labels, label);
    const name = written === null ? null : rewritten(written, pattern, value);
    if (name !== null && name !== '') return { label, value: name };
  }
  return null;
}

/** null: it does not fit. The result is as hostile as the label, and checked as a name afterwards. */
function rewritten(written: string, pattern: string | null, value: string): string | null {
  const groups = pattern === null ? [written] : groupsOf(pattern, written);
  return groups === null ? null : value.replace(/\$(\d)/g, (_, group: string) => groups[Number(group)] ?? '');
}

function groupsOf(pattern: string, written: string): string[] | null {
  const matcher = RE2JS.compile(pattern).matcher(written);
  if (!matcher.matches()) return null;
  return Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? '');
}
