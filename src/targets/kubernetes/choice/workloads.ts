import { asFailure } from '../../../reasons/failure.ts';
import type { Cluster } from '../connection/cluster.ts';
import { ownerOf, type Pod, type Workload } from '../connection/objects.ts';

/**
 * The Deployment, StatefulSet, DaemonSet or ReplicaSet of each pod, which may opt its pods in or out: one small request
 * per workload. Undefined: another kind, or flamepin is not allowed to read it.
 */
export async function workloadsOf(
  cluster: Cluster,
  pods: readonly Pod[],
): Promise<(pod: Pod) => Workload | undefined> {
  const one = new Map(pods.map((pod) => [keyOf(pod), pod]));
  const workloads = new Map(
    await Promise.all([...one].map(async ([key, pod]) => [key, await readable(cluster, pod)] as const)),
  );
  return (pod) => workloads.get(keyOf(pod));
}

async function readable(cluster: Cluster, pod: Pod): Promise<Workload | undefined> {
  try {
    return await cluster.workload(pod.metadata.namespace, ownerOf(pod));
  } catch (error) {
    // This permission is optional; a pod that is named must be found without it.
    if (asFailure(error).code === 'exec-denied') return undefined;
    throw error;
  }
}

function keyOf(pod: Pod): string {
  const { kind, name } = ownerOf(pod);
  return `${pod.metadata.namespace}/${kind}/${name}`;
}
