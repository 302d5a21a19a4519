import { firstByName, type Chosen } from './choose-pod.ts';
import { eligiblePods, type Policy } from './judge-pod.ts';
import { byAlertExpression } from './measure-by-expression.ts';
import { byLooking, byMetricsServer, rounded, type Choosing, type Measured } from './measure-pods.ts';
import { labelsBesidePod } from './rows.ts';
import { imageOf, serves, type Pod } from '../connection/objects.ts';

/** What makes a pod eligible as a sibling. */
export interface SiblingCriteria {
  target: Pod;
  /** Of the target's container; null when unknown, and then no pod is eligible. */
  image: string | null;
  /** When the alert began, ISO; null for a capture by hand. */
  alertStartsAt: string | null;
  /** At least one ready pod must remain unprofiled. */
  protectOnlyReplica: boolean;
}

/**
 * The pods that may be profiled alongside the target: ready, running the same image, started before the alert, not opted
 * out. Preferably on other nodes: the target's node has its own limit and its own problems.
 * @param pods those of the target's revision
 */
export function eligibleSiblings(
  pods: readonly Pod[],
  { target, image, alertStartsAt, protectOnlyReplica }: SiblingCriteria,
  container: (pod: Pod) => string,
  policy: Policy,
): Pod[] {
  const others = pods.filter(({ metadata }) => metadata.uid !== target.metadata.uid);
  const ready = others.filter(serves);
  if (image === null || (protectOnlyReplica && ready.length < 2)) return [];
  const alike = ready.filter((pod) => imageOf(pod, container(pod)) === image);
  const fit = eligiblePods(alike, container, policy, alertStartsAt).pods;
  const elsewhere = fit.filter(({ spec }) => spec.nodeName !== target.spec.nodeName);
  return elsewhere.length > 0 ? elsewhere : fit;
}

/**
 * Which of several is healthy: a typical one by the alert's own expression, else by CPU, else the first by name.
 * @param pods at least one
 */
export async function chooseSibling(
  pods: readonly [Pod, ...Pod[]],
  choosing: Choosing,
  signal: AbortSignal,
): Promise<Chosen> {
  if (pods.length === 1) return { pod: pods[0], why: 'sibling: no other pod is eligible' };
  const of = `of ${pods.length} other pods`;
  const meant = { ...choosing.meant, labels: labelsBesidePod(choosing.meant.labels) };
  const byExpression = await byAlertExpression(pods, { ...choosing, meant }, signal);
  const remark = byExpression === null || byExpression.remark === '' ? '' : `; ${byExpression.remark}`;
  const middle = typical(byExpression?.measured ?? []);
  if (byExpression !== null && middle !== null)
    return {
      pod: middle.pod,
      why: `sibling: typical ${of} by ${byExpression.what}: ${rounded(middle.value)}${remark}`,
    };
  const used =
    typical((await byMetricsServer(pods, choosing, signal)) ?? []) ??
    typical(await byLooking(pods, choosing, signal));
  if (used !== null)
    return { pod: used.pod, why: `sibling: typical ${of} by CPU: ${rounded(used.value)} cores${remark}` };
  return { pod: firstByName(pods), why: `sibling: first by name ${of}${remark}` };
}

/**
 * The median; of an even number, the healthier of the middle two. Another alerting pod is at one end, an idle one at the
 * other. null when there is none.
 * @param measured the worst first
 */
export function typical(measured: readonly Measured[]): Measured | null {
  return measured[Math.floor(measured.length / 2)] ?? null;
}
