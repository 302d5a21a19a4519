import type { Cluster } from './cluster.ts';
import type { Exec } from '../exec.ts';
import { byPod, expressionOf } from './by-pod.ts';
import { lookAtCpu } from './look.ts';
import type { Pod } from './objects.ts';
import { queryNow, type PodValue, type PrometheusSettings } from './prometheus.ts';

export interface Choosing {
  cluster: Cluster;
  prometheus: PrometheusSettings | null;
  generatorUrl: string;
  /** Opens a candidate, to look at its CPU time. */
  open: (pod: Pod) => Exec;
  container: (pod: Pod) => string;
}

export interface Chosen {
  pod: Pod;
  /** Which of several and why, in words. */
  why: string;
}

/** Looking costs an exec for each candidate; more than these are not looked at. */
const maxLooks = 10;
/** CPU that is closer than this says nothing about which pod is meant: an idle JVM may use twice that of another. */
const clearlyMore = { times: 1.2, cores: 0.1 };
const lookSeconds = 0.3;

/**
 * Which of several pods of a workload is meant: by the alert's own expression in Prometheus, else by metrics.k8s.io,
 * else by a look at their CPU time, else the first by name. Never fails: a worse way is taken instead.
 * @param pods at least one
 */
export async function choosePod(
  pods: readonly [Pod, ...Pod[]],
  choosing: Choosing,
  signal: AbortSignal,
): Promise<Chosen> {
  if (pods.length === 1) return { pod: pods[0], why: '' };
  return (
    (await byAlertExpression(pods, choosing, signal)) ??
    (await byMetricsServer(pods, choosing)) ??
    (await byLooking(pods, choosing, signal)) ??
    byName(pods)
  );
}

async function byAlertExpression(
  pods: readonly Pod[],
  { prometheus, generatorUrl }: Choosing,
  signal: AbortSignal,
): Promise<Chosen | null> {
  const expression = expressionOf(generatorUrl);
  const split = prometheus === null || expression === null ? null : byPod(expression);
  if (prometheus === null || split === null) return null;
  let values: PodValue[];
  try {
    values = await queryNow(prometheus, split.query, signal);
  } catch {
    return null;
  }
  const best = extreme(pods, values, split.largest);
  if (best === null) return null;
  const how = split.largest ? 'highest' : 'lowest';
  const next = best.next === null ? 'the others have no value' : `the next ${rounded(best.next)}`;
  return {
    pod: best.pod,
    why: `${how} of ${pods.length} pods by the alert's own expression: ${rounded(best.value)}, ${next}`,
  };
}

/**
 * The pod with the largest (or smallest) value. Pods without traffic have none (NaN), so one value alone decides, too;
 * null when there is none, or the best two are equal.
 */
export function extreme(
  pods: readonly Pod[],
  values: readonly PodValue[],
  largest: boolean,
): { pod: Pod; value: number; next: number | null } | null {
  const direction = largest ? -1 : 1;
  const known = pods.flatMap((pod) => {
    const own = values.filter(({ labels }) => isOf(pod, labels)).map(({ value }) => value * direction);
    return own.length === 0 ? [] : [{ pod, value: Math.min(...own) }];
  });
  known.sort((a, b) => a.value - b.value);
  const [first, second] = known;
  if (first === undefined || first.value === second?.value) return null;
  return {
    pod: first.pod,
    value: first.value * direction,
    next: second === undefined ? null : second.value * direction,
  };
}

function isOf(pod: Pod, labels: Readonly<Record<string, string>>): boolean {
  const named = labels['pod'] ?? labels['exported_pod'] ?? '';
  if (named === pod.metadata.name)
    return (labels['namespace'] ?? pod.metadata.namespace) === pod.metadata.namespace;
  const address = pod.status.podIP ?? '';
  const instance = labels['instance'] ?? '';
  return address !== '' && (instance === address || instance.startsWith(`${address}:`));
}

async function byMetricsServer(
  pods: readonly [Pod, ...Pod[]],
  { cluster, container }: Choosing,
): Promise<Chosen | null> {
  try {
    const cores = await cluster.cpuCores(pods[0].metadata.namespace, container(pods[0]));
    if (cores === null) return null;
    const used = pods.flatMap((pod) => {
      const value = cores.get(pod.metadata.name);
      return value === undefined ? [] : [{ pod, cores: value }];
    });
    return busiest(used, pods.length, 'by metrics.k8s.io');
  } catch {
    return null;
  }
}

async function byLooking(
  pods: readonly Pod[],
  { open }: Choosing,
  signal: AbortSignal,
): Promise<Chosen | null> {
  const some = pods.slice(0, maxLooks);
  const seen = await Promise.all(
    some.map(async (pod) => ({ pod, value: await lookAtCpu(open(pod), signal) })),
  );
  const used = seen.flatMap(({ pod, value }) =>
    value === null ? [] : [{ pod, cores: value / 1e9 / lookSeconds }],
  );
  const more = pods.length > some.length ? ` (only ${some.length} were looked at)` : '';
  return busiest(used, pods.length, `in a look at ${lookSeconds} s of each${more}`);
}

function busiest(used: { pod: Pod; cores: number }[], total: number, how: string): Chosen | null {
  const [first, second] = used.sort((a, b) => b.cores - a.cores);
  if (first === undefined || second === undefined) return null;
  const more =
    first.cores >= second.cores * clearlyMore.times && first.cores >= second.cores + clearlyMore.cores;
  if (!more) return null;
  return {
    pod: first.pod,
    why: `busiest of ${total} pods ${how}: ${rounded(first.cores)} cores, the next ${rounded(second.cores)}`,
  };
}

function byName(pods: readonly [Pod, ...Pod[]]): Chosen {
  const [first] = [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return {
    pod: first ?? pods[0],
    why: `first by name of ${pods.length} pods: nothing tells them apart (no values per pod in Prometheus or metrics.k8s.io, about equal CPU time)`,
  };
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
