import type { Cluster } from '../connection/cluster.ts';
import { controllerOf, ownerOf, type Owner, type Pod } from '../connection/objects.ts';

/** Kinds whose pods carry a label with their name: no right to read the object itself is needed. */
const nameLabels: ReadonlyMap<string, string> = new Map([
  ['Job', 'batch.kubernetes.io/job-name'],
  ['DeploymentConfig', 'deploymentconfig'],
  ['Revision', 'serving.knative.dev/revision'],
  ['Configuration', 'serving.knative.dev/configuration'],
  ['SparkApplication', 'spark-app-selector'],
]);
/** Kinds whose pods carry this label with another value; their owner has a name made of the workload's. */
const madeLabels: ReadonlyMap<string, string> = new Map([
  ['CronJob', 'batch.kubernetes.io/job-name'],
  ['Rollout', 'rollouts-pod-template-hash'],
]);

/** The workload's own pods, at most 200; undefined: there is no such workload, as far as can be seen. */
export async function podsOfWorkload(
  cluster: Cluster,
  namespace: string,
  owner: Owner,
): Promise<Pod[] | undefined> {
  const label = nameLabels.get(owner.kind);
  if (label !== undefined) return some(await cluster.podsBySelector(namespace, `${label}=${owner.name}`));
  const made = madeLabels.get(owner.kind);
  if (made !== undefined)
    return some((await cluster.podsBySelector(namespace, made)).filter((pod) => isMadeBy(pod, owner)));
  const selector = await cluster.podSelector(namespace, owner);
  if (selector === undefined) return undefined;
  // A selector may match pods of other workloads too.
  return (await cluster.podsBySelector(namespace, selector)).filter((pod) => isMadeBy(pod, owner));
}

/** In which namespaces there is a workload of that name, as far as one question can tell. */
export async function namespacesWith(cluster: Cluster, owner: Owner): Promise<string[]> {
  const label = nameLabels.get(owner.kind);
  if (label === undefined || owner.kind === 'Job') return cluster.namespacesOf(owner.kind, owner.name);
  const pods = await cluster.podsBySelector(null, `${label}=${owner.name}`);
  return [...new Set(pods.map(({ metadata }) => metadata.namespace))];
}

/** A CronJob's Jobs are read as one Job with its name. */
function isMadeBy(pod: Pod, owner: Owner): boolean {
  const { kind, name } = ownerOf(pod);
  const same = kind === owner.kind || (owner.kind === 'CronJob' && kind === 'Job');
  return (same && name === owner.name) || controllerOf(pod)?.name === owner.name;
}

const some = (pods: Pod[]): Pod[] | undefined => (pods.length === 0 ? undefined : pods);
