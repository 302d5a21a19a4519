import { workloadLabels, workloadPairs, workloadTypes } from './label-names.ts';
import { leadTo, type Lead } from './lead.ts';
import { firstPresent, present, type Labels } from './present.ts';

/** Leads to the workloads that the labels name: by kind, or by a name in one label and its kind in another. */
export function workloadLeads(labels: Labels, namespace: string | null): Lead[] {
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
