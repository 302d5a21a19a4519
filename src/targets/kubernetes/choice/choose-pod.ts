import { hasClearLead } from '../../clear-lead.ts';
import { byAlertExpression } from './measure-by-expression.ts';
import { byLooking, byMetricsServer, rounded, type Choosing, type Measured } from './measure-pods.ts';
import { isReady, type Pod } from '../connection/objects.ts';

export interface Chosen {
  pod: Pod;
  /** Which of several and why, in words. */
  why: string;
}

/**
 * Which pod of a workload to profile: by the alert's own expression in Prometheus, else by metrics.k8s.io, else by CPU
 * time read inside each, else the first ready one by name. Never fails; it falls back to the next way.
 * @param pods at least one
 */
export async function choosePod(
  pods: readonly [Pod, ...Pod[]],
  choosing: Choosing,
  signal: AbortSignal,
): Promise<Chosen> {
  if (pods.length === 1) return { pod: pods[0], why: '' };
  const byExpression = await byAlertExpression(pods, choosing, signal);
  const remark = byExpression === null || byExpression.remark === '' ? '' : `; ${byExpression.remark}`;
  const worst = byExpression === null ? null : extreme(byExpression.measured);
  if (byExpression !== null && worst !== null) {
    const how = byExpression.largest ? 'highest' : 'lowest';
    const next = worst.next === null ? 'the others have no value' : `the next ${rounded(worst.next)}`;
    return {
      pod: worst.pod,
      why: `${how} of ${pods.length} pods by ${byExpression.what}: ${rounded(worst.value)}, ${next}${remark}`,
    };
  }
  const otherwise = await byCpuOrName(pods, choosing, signal);
  return { ...otherwise, why: otherwise.why + remark };
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
  // At most ten are sampled; one without a shell, or too slow to answer, has no value.
  const looked = await byLooking(pods, choosing, signal);
  const only = looked.length < pods.length ? ` (only ${looked.length} could be looked at)` : '';
  return busiest(looked, pods.length, `in a short look at each${only}`) ?? byName(pods, looked.length);
}

/**
 * The worst pod. Pods without traffic have no value (NaN), so a single value is decisive. null when there is none, or the
 * worst two are equal.
 * @param measured the worst first
 */
export function extreme(measured: readonly Measured[]): (Measured & { next: number | null }) | null {
  const [first, second] = measured;
  if (first === undefined || first.value === second?.value) return null;
  return { ...first, next: second?.value ?? null };
}

function busiest([first, second]: readonly Measured[], total: number, how: string): Chosen | null {
  if (first === undefined || second === undefined) return null;
  if (!hasClearLead(first.value, second.value)) return null;
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
