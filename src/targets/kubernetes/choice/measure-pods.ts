import type { Exec } from '../../../profiler/exec.ts';
import { Failure } from '../../../reasons/failure.ts';
import { namesOf } from './ambiguous.ts';
import type { Cluster } from '../connection/cluster.ts';
import { lookAtCpu } from './look.ts';
import { isReady, type Pod } from '../connection/objects.ts';
import type { PrometheusSettings } from './prometheus.ts';
import type { Meant } from './rows.ts';
import type { RuleExpressions } from './rule-expressions.ts';

/** What tells several pods of one workload apart. */
export interface Choosing {
  cluster: Cluster;
  prometheus: PrometheusSettings | null;
  /** The expressions of alerts whose links have none. */
  rules: RuleExpressions;
  generatorUrl: string;
  /** Which rows of Prometheus are about the alert. */
  meant: Meant;
  /** Opens a candidate, to sample its CPU time; null: nothing may run in one. */
  open: ((pod: Pod) => Exec) | null;
  container: (pod: Pod) => string;
}

export interface Measured {
  pod: Pod;
  value: number;
}

/** Each sample costs an exec. */
export const maxLooks = 10;
/** metrics-server answers from memory. The API server would wait a minute for one that hangs; sampling takes 0.5 s. */
const metricsDeadlineMilliseconds = 1_000;

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
 * are not ready come first: they are the likelier suspects. Rejects with choice-needs-exec where nothing may run in them.
 */
export async function byLooking(
  pods: readonly Pod[],
  { open }: Choosing,
  signal: AbortSignal,
): Promise<Measured[]> {
  if (open === null)
    throw new Failure('choice-needs-exec', {
      detail: namesOf(pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)),
    });
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
