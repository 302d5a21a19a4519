import type { RoutingRules } from '../routing/decide.ts';
import { explainDecision } from '../routing/explain.ts';
import { alertOf } from './rule-alert.ts';
import type { AlertingRule } from './rules.ts';

/** One alert of a rule in the past: `ALERTS` as a range. */
export interface PastAlert {
  /** With the rule's own labels and `alertname`. */
  labels: Readonly<Record<string, string>>;
  /** When it was firing; seconds, ascending. */
  seconds: readonly number[];
}

export interface LastMonth {
  /** How often an alert of the rule began to fire. */
  fired: number;
  /** How many of these would have been captured, the others being in the cooldown of their workload, or refused. */
  captured: number;
}

interface Firing {
  rule: AlertingRule;
  at: number;
  /** null: it would not be captured. */
  workload: { key: string; cooldown: number } | null;
}

/**
 * What the rules' alerts of the past would have led to. All together, as the cooldown of a workload is that of whichever
 * alert came first. The key of a workload is that of its labels: where two rules name one workload by different labels,
 * serve finds out later and captures less. Pure.
 * @param stepSeconds distance of the samples; a longer gap parts two firings
 */
export function countFirings(
  past: ReadonlyMap<AlertingRule, readonly PastAlert[]>,
  rules: RoutingRules,
  added: Readonly<Record<string, string>>,
  stepSeconds: number,
): Map<AlertingRule, LastMonth> {
  const firings = [...past].flatMap(([rule, alerts]) =>
    alerts.flatMap(({ labels, seconds }) => {
      const workload = workloadOf(rule, { ...added, ...labels }, rules);
      return beginnings(seconds, stepSeconds).map((at): Firing => ({ rule, at, workload }));
    }),
  );
  const counts = new Map(
    [...past.keys()].map((rule): [AlertingRule, LastMonth] => [rule, { fired: 0, captured: 0 }]),
  );
  const lastOf = new Map<string, number>();
  for (const { rule, at, workload } of firings.sort((a, b) => a.at - b.at)) {
    const count = counts.get(rule);
    if (count === undefined) continue;
    count.fired += 1;
    if (workload === null) continue;
    const last = lastOf.get(workload.key);
    if (last !== undefined && at < last + workload.cooldown) continue;
    lastOf.set(workload.key, at);
    count.captured += 1;
  }
  return counts;
}

/** What `ALERTS` has beside the labels of its alert. */
const ofSeries = new Set(['__name__', 'alertstate']);

function workloadOf(
  rule: AlertingRule,
  labels: Readonly<Record<string, string>>,
  rules: RoutingRules,
): Firing['workload'] {
  const own = Object.fromEntries(Object.entries(labels).filter(([label]) => !ofSeries.has(label)));
  const { outcome, target, route } = explainDecision(alertOf(rule, own), rules);
  return outcome === 'queued' && target !== null && route !== null
    ? { key: target.workloadKey, cooldown: route.cooldownSeconds }
    : null;
}

/** The first sample, and each after a gap. */
const beginnings = (seconds: readonly number[], step: number): number[] =>
  seconds.filter((at, index) => {
    const before = seconds[index - 1];
    return before === undefined || at - before > 1.5 * step;
  });
