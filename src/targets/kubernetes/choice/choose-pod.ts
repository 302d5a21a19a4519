import {
  byAlertExpression,
  byLooking,
  byMetricsServer,
  rounded,
  type Choosing,
  type Measured,
} from './measure-pods.ts';
import { isReady, type Pod } from '../connection/objects.ts';

export interface Chosen {
  pod: Pod;
  /** Which of several and why, in words. */
  why: string;
}

/** CPU that is closer than this says nothing about which pod is meant: an idle JVM may use twice that of another. */
const clearlyMore = { times: 1.2, cores: 0.1 };

/**
 * Which of several pods of a workload is meant: by the alert's own expression in Prometheus, else by metrics.k8s.io,
 * else by a look at their CPU time, else the first ready one by name. Never fails: a worse way is taken instead.
 * @param pods at least one
 */
export async function choosePod(
  pods: readonly [Pod, ...Pod[]],
  choosing: Choosing,
  signal: AbortSignal,
): Promise<Chosen> {
  if (pods.length === 1) return { pod: pods[0], why: '' };
  const asked = await byAlertExpression(pods, choosing, signal);
  const worst = asked === null ? null : extreme(asked.measured);
  if (asked !== null && worst !== null) {
    const how = asked.largest ? 'highest' : 'lowest';
    const next = worst.next === null ? 'the others have no value' : `the next ${rounded(worst.next)}`;
    return {
      pod: worst.pod,
      why: `${how} of ${pods.length} pods by the alert's own expression: ${rounded(worst.value)}, ${next}`,
    };
  }
  const unasked = asked === null || asked.unasked === '' ? '' : `; ${asked.unasked}`;
  const otherwise = await byCpuOrName(pods, choosing, signal);
  return { ...otherwise, why: otherwise.why + unasked };
}

async function byCpuOrName(
  pods: readonly [Pod, ...Pod[]],
  choosing: Choosing,
  signal: AbortSignal,
): Promise<Chosen> {
  const byMetrics = busiest(
    (await byMetricsServer(pods, choosing, signal)) ?? [],
    pods.length,
    'by metrics.k8s.io',
  );
  if (byMetrics !== null) return byMetrics;
  // Not more than ten are looked at, and one without a shell or an answer in time is not seen.
  const looked = await byLooking(pods, choosing, signal);
  const only = looked.length < pods.length ? ` (only ${looked.length} could be looked at)` : '';
  return busiest(looked, pods.length, `in a short look at each${only}`) ?? byName(pods, looked.length);
}

/**
 * The worst pod. Pods without traffic have no value (NaN), so one value alone decides, too; null when there is none,
 * or the worst two are equal.
 * @param measured the worst first
 */
export function extreme(measured: readonly Measured[]): (Measured & { next: number | null }) | null {
  const [first, second] = measured;
  if (first === undefined || first.value === second?.value) return null;
  return { ...first, next: second?.value ?? null };
}

function busiest([first, second]: readonly Measured[], total: number, how: string): Chosen | null {
  if (first === undefined || second === undefined) return null;
  const more =
    first.value >= second.value * clearlyMore.times && first.value >= second.value + clearlyMore.cores;
  if (!more) return null;
  return {
    pod: first.pod,
    why: `busiest of ${total} pods ${how}: ${rounded(first.value)} cores, the next ${rounded(second.value)}`,
  };
}

function byName(pods: readonly [Pod, ...Pod[]], looked: number): Chosen {
  const time = looked < 2 ? `CPU time of ${looked} could be seen` : 'about equal CPU time';
  const [first, ...others] = pods.filter(isReady);
  const all = `${pods.length} pods`;
  const among = others.length + 1 === pods.length || first === undefined ? all : `the ready ones of ${all}`;
  return {
    pod: firstByName(first === undefined ? pods : [first, ...others]),
    why: `first by name of ${among}: nothing tells them apart (no values per pod in Prometheus or metrics.k8s.io, ${time})`,
  };
}

export function firstByName(pods: readonly [Pod, ...Pod[]]): Pod {
  const [first] = [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return first ?? pods[0];
}
