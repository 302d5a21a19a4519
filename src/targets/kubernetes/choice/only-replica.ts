import { Failure } from '../../../reasons/failure.ts';
import type { Cluster } from '../connection/cluster.ts';
import { ownerOf, serves, type Pod } from '../connection/objects.ts';

/**
 * Should a JVM die under the profiler, another replica must be serving. A pod that is not serving may always be profiled.
 * Rejects with target-only-replica.
 */
export async function protectOnlyReplica(cluster: Cluster, pod: Pod): Promise<void> {
  if (!serves(pod)) return;
  const { uid, namespace } = pod.metadata;
  const owner = ownerOf(pod);
  const others = (await replicasOf(cluster, pod)).filter(({ metadata }) => metadata.uid !== uid);
  if (!others.some(serves))
    throw new Failure('target-only-replica', { detail: `${owner.kind} ${namespace}/${owner.name}` });
}

/** The pods of the same workload. A selector may fit those of another one too. */
async function replicasOf(cluster: Cluster, pod: Pod): Promise<Pod[]> {
  const { namespace } = pod.metadata;
  const owner = ownerOf(pod);
  // A Job of a CronJob has a name of its own, which its pods carry.
  const selector = owner.kind === 'Job' ? undefined : await cluster.podSelector(namespace, owner);
  if (selector === undefined) return cluster.podsOfRevision(pod);
  return (await cluster.podsBySelector(namespace, selector)).filter((each) => {
    const { kind, name } = ownerOf(each);
    return kind === owner.kind && name === owner.name;
  });
}
