import type { Exec } from '../../../profiler/exec.ts';
import { byPod } from './by-pod.ts';
import { alertExpression } from '../../../alerts/expression.ts';
import type { Cluster } from '../connection/cluster.ts';
import { lookAtCpu } from './look.ts';
import { isReady, type Pod } from '../connection/objects.ts';
import { narrowedTo } from './narrow-query.ts';
import { deadlineMilliseconds, queryNow, type PodValue, type PrometheusSettings } from './prometheus.ts';

/** What tells several pods of one workload apart. */
export interface Choosing {
  cluster: Cluster;
  prometheus: PrometheusSettings | null;
  generatorUrl: string;
  /** Opens a candidate, to sample its CPU time. */
  open: (pod: Pod) => Exec;
  container: (pod: Pod) => string;
}

export interface Measured {
  pod: Pod;
  value: number;
}

/** Each sample costs an exec. */
const maxLooks = 10;
/** metrics-server answers from memory. The API server would wait a minute for one that hangs; sampling takes 0.5 s. */
const metricsDeadlineMilliseconds = 1_000;

export interface ByExpression {
  /** The worst first. */
  measured: Measured[];
  /** Large values are the bad ones. */
  largest: boolean;
  /** Why Prometheus was not asked, in words; '' when it was. */
  notAsked: string;
}

/**
 * The value of the alert's own expression for each pod. The query is narrowed to the series of these pods, so that the
 * sender of an alert cannot choose what flamepin reads from Prometheus. null without an expression or an answer.
 */
export async function byAlertExpression(
  pods: readonly Pod[],
  { prometheus, generatorUrl }: Choosing,
  signal: AbortSignal,
): Promise<ByExpression | null> {
  const expression = alertExpression(generatorUrl);
  const split = prometheus === null || expression === null ? null : byPod(expression);
  if (prometheus === null || split === null) return null;
  const { largest } = split;
  const queries = narrowedTo(pods, split.query);
  if (queries.length === 0)
    return { measured: [], largest, notAsked: "the alert's own expression cannot be narrowed to them" };
  const soon = AbortSignal.any([signal, AbortSignal.timeout(deadlineMilliseconds)]);
  try {
    for (const query of queries) {
      const measured = worstFirst(pods, await queryNow(prometheus, query, soon), largest);
      if (measured.length > 0) return { measured, largest, notAsked: '' };
    }
  } catch {
    return null;
  }
  return { measured: [], largest, notAsked: '' };
}

/**
 * The worst value of each pod that has one, the worst pod first.
 * @param largest large values are the bad ones
 */
export function worstFirst(pods: readonly Pod[], values: readonly PodValue[], largest: boolean): Measured[] {
  const direction = largest ? -1 : 1;
  return pods
    .flatMap((pod) => {
      const own = values.filter(({ labels }) => isOf(pod, labels)).map(({ value }) => value * direction);
      return own.length === 0 ? [] : [{ pod, value: Math.min(...own) * direction }];
    })
    .sort((a, b) => (a.value - b.value) * direction);
}

function isOf(pod: Pod, labels: Readonly<Record<string, string>>): boolean {
  const named = labels['pod'] ?? labels['exported_pod'] ?? '';
  if (named === pod.metadata.name)
    return (labels['namespace'] ?? pod.metadata.namespace) === pod.metadata.namespace;
  const address = pod.status.podIP ?? '';
  const instance = labels['instance'] ?? '';
  return address !== '' && (instance === address || instance.startsWith(`${address}:`));
}

/** Cores of each pod from metrics.k8s.io, busiest first; null without an answer within a second. */
export async function byMetricsServer(
  pods: readonly Pod[],
  { cluster, container }: Choosing,
  signal: AbortSignal,
): Promise<Measured[] | null> {
  const [first] = pods;
  if (first === undefined) return null;
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(metricsDeadlineMilliseconds)]);
    const cores = await cluster.cpuCores(first.metadata.namespace, soon);
    if (cores === null) return null;
    return busiestFirst(
      pods.flatMap((pod) => {
        const value = cores.get(`${pod.metadata.name}/${container(pod)}`);
        return value === undefined ? [] : [{ pod, value }];
      }),
    );
  } catch {
    return null;
  }
}

/**
 * Cores used right now, sampled inside up to ten pods, busiest first; pods that cannot be sampled are missing. Pods that
 * are not ready come first: they are the likelier suspects.
 */
export async function byLooking(
  pods: readonly Pod[],
  { open }: Choosing,
  signal: AbortSignal,
): Promise<Measured[]> {
  const suspects = [...pods].sort((a, b) => Number(isReady(a)) - Number(isReady(b)));
  const seen = await Promise.all(
    suspects.slice(0, maxLooks).map(async (pod) => ({ pod, value: await lookAtCpu(open(pod), signal) })),
  );
  return busiestFirst(seen.flatMap(({ pod, value }) => (value === null ? [] : [{ pod, value }])));
}

const busiestFirst = (measured: Measured[]): Measured[] => measured.sort((a, b) => b.value - a.value);

/** For people: three digits. */
export function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
