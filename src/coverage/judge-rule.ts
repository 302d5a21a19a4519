import type { Alert } from '../alerts/alert.ts';
import type { Wanted } from '../alerts/labels.ts';
import type { TargetKind } from '../captures/target-kinds.ts';
import { describeReason, type Reason } from '../reasons/failure.ts';
import { consider, type RoutingRules } from '../routing/decide.ts';
import type { Route } from '../routing/route.ts';
import { changeFor } from './change.ts';
import { verdicts, type Judgement } from './judgement.ts';
import { namedBy, type Named } from './leads.ts';
import { isMixed, isOtherJob, originOfAll, type Origin } from './metric-origins.ts';
import { remainingLabels, type Recorded } from './remaining-labels.ts';
import { alertOf } from './rule-alert.ts';
import { alertShape, shapeOfRow } from './rule-labels.ts';
import type { AlertingRule } from './rules.ts';
import { sampleAlert, type Surroundings } from './sample-labels.ts';
import { closestTo, conditionsOf, considerSample } from './sample-routes.ts';
import type { Shape } from './shape.ts';

/** Rows of a rule's expression without its threshold, now. */
export interface Rows {
  labels: readonly Readonly<Record<string, string>>[];
  /** There are others, which were not read. */
  more: boolean;
}

export interface Judging {
  rules: RoutingRules;
  surroundings: Surroundings;
  recorded: Recorded;
  /** Labels that every alert gets on its way: Prometheus' `external_labels`. */
  added: Readonly<Record<string, string>>;
}

/**
 * What would become of a rule's alerts: the decision that `serve` makes, on the labels that they will have. Pure.
 * @param rows what the expression has in Prometheus; null: not known
 */
export function judgeRule(rule: AlertingRule, judging: Judging, rows: Rows | null = null): Judgement {
  const expression = remainingLabels(rule.expression, judging.recorded);
  if (expression === null) return unreadable(rule);
  const shape = alertShape(rule, expression, judging.added);
  if (rows === null) return judgeShape(rule, shape, judging);
  if (rows.labels.length === 0)
    return { ...judgeShape(rule, shape, judging), rows: { seen: 0, captured: 0, more: false } };
  const seen = rows.labels.map((row) =>
    judgeShape(rule, alertShape(rule, shapeOfRow(row, expression), judging.added), judging),
  );
  const order = (judgement: Judgement): number => verdicts.indexOf(judgement.verdict);
  const best = seen.reduce((a, b) => (order(b) < order(a) ? b : a));
  const captured = seen.filter(({ verdict }) => verdict === 'captures').length;
  return {
    ...best,
    shape,
    certainty: best.target === null ? null : 'seen',
    change: changeFor({ ...best, shape }),
    rows: { seen: rows.labels.length, captured, more: rows.more },
  };
}

function unreadable(rule: AlertingRule): Judgement {
  return {
    rule,
    verdict: 'unreadable',
    why: 'the expression is not PromQL',
    shape: null,
    origin: null,
    target: null,
    certainty: null,
    route: null,
    conditions: [],
    event: null,
    panel: null,
    reason: null,
    change: null,
    rows: null,
    lastMonth: null,
  };
}

function judgeShape(rule: AlertingRule, shape: Shape, judging: Judging): Judgement {
  const { rules, surroundings } = judging;
  const origin = originOfAll(shape.series);
  const sample = sampleAlert(shape, origin, surroundings);
  const { alert, wanted, route, verdict, panel, event } = considerSample(
    alertOf(rule, sample.labels),
    sample.examples,
    rules,
  );
  const kind = route?.route.target.kind ?? surroundings.kind;
  const queued = verdict.outcome === 'queued';
  // Without a route, what the labels lead to is decided as on a route that takes every alert.
  const led = queued ? wanted : wantedAnyway(alert, judging);
  const found = led === null ? null : namedBy(kind, led, alert.labels);
  const named = found !== null && isProxyAddress(found, kind, origin) ? null : found;
  const captured = queued && named !== null;
  const reason = 'reason' in verdict ? verdict.reason : null;
  const aside = notAboutJvm(shape, origin, alert.labels, named !== null);
  const judgement: Judgement = {
    rule,
    ...(aside === null
      ? verdictOf(captured, named !== null, reason, closestTo(alert, sample.examples, rules.routes))
      : { verdict: 'not-a-jvm' as const, why: aside }),
    shape,
    origin,
    target: named === null || aside !== null ? null : { kind, ...named },
    certainty:
      named === null || aside !== null ? null : sample.assumed.has(named.label) ? 'assumed' : 'certain',
    route: route === null || !queued ? null : { index: route.index, name: route.route.name ?? null },
    conditions: route === null || !queued ? [] : conditionsOf(route.route, sample.examples),
    event: event?.event ?? null,
    panel,
    reason,
    change: null,
    rows: null,
    lastMonth: null,
  };
  return { ...judgement, change: changeFor(judgement) };
}

const otherPlaces: ReadonlySet<string> = new Set(['other-cluster', 'namespace-not-configured', 'not-here']);

function verdictOf(
  captured: boolean,
  led: boolean,
  reason: Reason | null,
  closest: ReturnType<typeof closestTo>,
): Pick<Judgement, 'verdict' | 'why'> {
  if (captured) return { verdict: 'captures', why: '' };
  if (reason !== null && otherPlaces.has(reason.code)) {
    const { sentence, detail } = describeReason(reason);
    return { verdict: 'elsewhere', why: `${sentence.replace(/\.$/, '')}: ${detail}` };
  }
  if (!led) return { verdict: 'no-target', why: 'no label that is left leads to a JVM' };
  const [failed] = closest?.failed ?? [];
  if (closest === null || failed === undefined) return { verdict: 'no-route', why: 'there are no routes' };
  const more = closest.failed.length - 1;
  const also = more === 0 ? '' : ` and ${more} more`;
  return {
    verdict: 'no-route',
    why: `the closest, routes[${closest.index}], asks for ${failed}${also}`,
  };
}

/** What the labels would lead to on a route that takes every alert; null: nothing, or only where flamepin does not go. */
function wantedAnyway(alert: Alert, { rules, surroundings }: Judging): Wanted | null {
  const { wanted, verdict } = consider(alert, { ...rules, routes: [routeForAll(surroundings.kind)] });
  return verdict.outcome === 'queued' ? wanted : null;
}

/** For routing alone: nothing is captured by it. Milliseconds. */
export const routeForAll = (kind: TargetKind): Route => ({
  matchers: [],
  duration: 30_000,
  cooldown: 15 * 60_000,
  target: { kind, process: null, sibling: null },
});

/** Why the alerts are not about a JVM, in a few words; null: they may be. */
function notAboutJvm(
  { series }: Shape,
  origin: Origin | null,
  labels: Alert['labels'],
  led: boolean,
): string | null {
  if (series.length === 0) return 'no series: fires whatever happens';
  if (origin === null) return 'fires when series are missing';
  if (origin.about === 'other') return origin.who;
  if (origin.about === 'unknown' && isOtherJob(labels['job'] ?? '')) return `the job ${labels['job'] ?? ''}`;
  return !led && isMixed(series) ? 'nodes or quotas as a whole' : null;
}

/**
 * `instance` is where a metric was read: with what is measured from outside, the node's or the exporter's. serve cannot
 * see that where the expression has dropped the scrape job, and would look for a pod at that address in vain.
 */
const isProxyAddress = ({ label }: Named, kind: TargetKind, origin: Origin | null): boolean =>
  kind === 'kubernetes' && label === 'instance' && origin !== null && origin.scraped !== 'pod';
