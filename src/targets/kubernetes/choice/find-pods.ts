import type { Wanted } from '../../../alerts/labels.ts';
import { Failure } from '../../../reasons/failure.ts';
import type { Cluster } from '../connection/cluster.ts';
import { PodSearch, type Hit } from './pod-search.ts';

/** Pods that the labels lead to, regardless of their health. */
export interface Found extends Hit {
  /** Which label led here after which others led nowhere, in words; '' when the first did. */
  ladder: string;
}

/**
 * Labels → pods: follows the leads in order until one leads somewhere. One that names a single pod is the last that is
 * followed, for another pod would not be the one that is meant. Never the first of several that fit.
 * @param namespaces where flamepin may look; null: everywhere that its rights allow
 * Rejects with no-target-labels, target-not-found (each lead, and why it leads nowhere), target-ambiguous,
 * namespace-not-configured, or of the API.
 */
export async function findPods(
  cluster: Cluster,
  wanted: Wanted,
  namespaces: readonly string[] | null,
): Promise<Found> {
  const search = new PodSearch(cluster, namespaces);
  if (wanted.leads.length === 0)
    throw new Failure('no-target-labels', { detail: 'no pod, workload, instance or service label' });
  const nowhere: string[] = [];
  for (const lead of wanted.leads) {
    const outcome = lead.problem ?? (await search.follow(lead));
    if (typeof outcome !== 'string') {
      const pods = narrowed(outcome, wanted);
      const ladder =
        nowhere.length === 0 ? '' : `by the label ${lead.label}, for ${nowhere.join('; ')}`.slice(0, 1000);
      return { ...outcome, ...pods, ladder };
    }
    nowhere.push(`the label ${lead.label} leads nowhere: ${outcome}`);
    if (lead.firm && lead.problem === null) break;
  }
  throw new Failure('target-not-found', { detail: nowhere.join('; ').slice(0, 2000) });
}

/** A workload and the address of one of its pods: that pod. */
function narrowed({ pods, exact }: Hit, { leads }: Wanted): Pick<Hit, 'pods' | 'exact'> {
  const address = leads.find(({ kind }) => kind === 'address')?.places[0]?.name;
  const at = address === undefined ? [] : pods.filter(({ status }) => status.podIP === address);
  return at.length === 1 ? { pods: at, exact: true } : { pods, exact };
}
