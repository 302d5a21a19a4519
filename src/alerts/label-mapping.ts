import { RE2JS } from 're2js';
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
  Record<'cluster' | 'namespace' | 'pod' | 'container' | 'workload' | 'service', readonly MappedLabel[]>
>;

export const noMapping: LabelMapping = {
  cluster: [],
  namespace: [],
  pod: [],
  container: [],
  workload: [],
  service: [],
};

type Read = { [meaning in keyof LabelMapping]: { label: string; value: string } | null };

export function readMapped(labels: Labels, mapping: LabelMapping): Read {
  return {
    cluster: readFirst(labels, mapping.cluster),
    namespace: readFirst(labels, mapping.namespace),
    pod: readFirst(labels, mapping.pod),
    container: readFirst(labels, mapping.container),
    workload: readFirst(labels, mapping.workload),
    service: readFirst(labels, mapping.service),
  };
}

function readFirst(labels: Labels, mapped: readonly MappedLabel[]): { label: string; value: string } | null {
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
