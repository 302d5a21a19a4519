import { alertExpression } from '../../../alerts/expression.ts';
import type { Pod } from '../connection/objects.ts';
import { byPod } from './by-pod.ts';
import type { Choosing, Measured } from './measure-pods.ts';
import { narrowedTo } from './narrow-query.ts';
import { podLabelSchemes } from './pod-labels.ts';
import {
  deadlineMilliseconds,
  QueryRefused,
  queryNow,
  whatItDid,
  type PrometheusSettings,
} from './prometheus.ts';
import { rowsOfPods, type Meant } from './rows.ts';
import type { RuleExpression } from './rule-expressions.ts';

export interface ByExpression {
  /** The worst first; empty when the expression tells nothing about the pods. */
  measured: Measured[];
  /** Large values are the bad ones. */
  largest: boolean;
  /** What it was measured by, for the choice: `the alert's own expression`, and who said it if not the alert's link. */
  what: string;
  /** For the choice: which rows were left out, or why the expression was not used; '' when there is nothing to say. */
  remark: string;
}

const ownExpression = "the alert's own expression";

/**
 * The value of the alert's own expression for each pod: of the one in its link, else of the one that its rule has. The
 * query is narrowed to the series of these pods, so that the sender of an alert cannot choose what flamepin reads from
 * Prometheus. null when there is no expression and nobody to ask for one.
 */
export async function byAlertExpression(
  pods: readonly Pod[],
  {
    prometheus,
    rules,
    generatorUrl,
    meant,
  }: Pick<Choosing, 'prometheus' | 'rules' | 'generatorUrl' | 'meant'>,
  signal: AbortSignal,
): Promise<ByExpression | null> {
  const linked = alertExpression(generatorUrl);
  let byLink: Measuring | null = null;
  if (prometheus !== null && linked !== null) {
    const asked = { expression: linked, above: true, source: prometheus, sourceName: 'Prometheus' };
    byLink = await measuredBy(pods, asked, meant, ownExpression, signal);
    // What does not answer this would not answer for its rules either.
    if (!byLink.answered || byLink.measured.length > 0) return byLink;
  }
  const found = await rules.find(meant.labels, generatorUrl, signal);
  if (found === null) return byLink;
  if ('why' in found)
    return (
      byLink ?? { ...nothing, remark: `${ownExpression} is unknown: its link has none, and ${found.why}` }
    );
  const { expression } = found;
  if (expression.expression === linked) return byLink;
  return measuredBy(pods, expression, meant, `${ownExpression} from ${expression.readFrom}`, signal);
}

/** Whether somebody answered, though it may be with nothing. */
interface Measuring extends ByExpression {
  answered: boolean;
}

const nothing: Measuring = { measured: [], largest: true, what: ownExpression, remark: '', answered: true };

async function measuredBy(
  pods: readonly Pod[],
  { expression, above, source, sourceName }: Omit<RuleExpression, 'readFrom'>,
  meant: Meant,
  what: string,
  signal: AbortSignal,
): Promise<Measuring> {
  const { queries, largest: ofExpression } = queriesFor(pods, expression);
  if (queries.length === 0) return { ...nothing, what, remark: `${what} cannot be narrowed to them` };
  const largest = above && ofExpression;
  const soon = AbortSignal.any([signal, AbortSignal.timeout(deadlineMilliseconds)]);
  const remarks = new Set<string>();
  try {
    for (const query of queries) {
      const { measured, remark } = await answerOf(query, pods, { source, meant, largest, what }, soon);
      if (measured.length > 0) return { ...nothing, measured, largest, what, remark };
      remarks.add(remark);
    }
  } catch (error) {
    const remark = `${what} is not used: ${sourceName} ${whatItDid(error)}`;
    return { ...nothing, what, remark, answered: false };
  }
  const remark = [...remarks].filter((each) => each !== '').join('; ');
  return { ...nothing, largest, what, remark };
}

/**
 * One query for each way in which series name their pods, the likeliest first; then the same without the conditions of the
 * alert, which may hold for the workload and for none of its pods.
 */
function queriesFor(pods: readonly Pod[], expression: string): { queries: string[]; largest: boolean } {
  const conditional: string[] = [];
  const unconditional: string[] = [];
  let largest = true;
  for (const scheme of podLabelSchemes) {
    const split = byPod(expression, scheme);
    if (split === null) break;
    largest = split.largest;
    conditional.push(...narrowedTo(pods, split.query, scheme));
    if (split.unconditional !== null) unconditional.push(...narrowedTo(pods, split.unconditional, scheme));
  }
  return { queries: [...conditional, ...unconditional], largest };
}

async function answerOf(
  query: string,
  pods: readonly Pod[],
  {
    source,
    meant,
    largest,
    what,
  }: { source: PrometheusSettings; meant: Meant; largest: boolean; what: string },
  signal: AbortSignal,
): Promise<{ measured: Measured[]; remark: string }> {
  try {
    const { rows, leftOut, clusters } = rowsOfPods(pods, await queryNow(source, query, signal), meant);
    const remark =
      clusters.length === 0
        ? leftOut
        : `${what} is not used: it has rows of the clusters ${clusterNames(clusters)}, ` +
          'and neither a cluster label of the alert nor targets.kubernetes.cluster says which is meant';
    return { measured: worstFirst(rows, largest), remark };
  } catch (error) {
    // Prometheus 2 does not know the quoted names of Prometheus 3; the next query may suit it.
    if (error instanceof QueryRefused) return { measured: [], remark: '' };
    throw error;
  }
}

const clusterNames = (clusters: readonly string[]): string =>
  clusters
    .slice(0, 5)
    .map((name) => (name === '' ? '(none)' : name.slice(0, 100)))
    .join(', ');

/**
 * One value for each pod that has any, the worst pod first. Several rows of one pod differ in a label that the alert does
 * not have: the worst of them stands for the pod, as one of them would have fired the alert.
 * @param largest large values are the bad ones
 */
export function worstFirst(rows: readonly Measured[], largest: boolean): Measured[] {
  const worse = (a: number, b: number): boolean => (largest ? a > b : a < b);
  const worst = new Map<Pod, number>();
  for (const { pod, value } of rows) {
    const known = worst.get(pod);
    if (known === undefined || worse(value, known)) worst.set(pod, value);
  }
  return [...worst]
    .map(([pod, value]) => ({ pod, value }))
    .sort((a, b) => (largest ? b.value - a.value : a.value - b.value));
}
