import { classifyAlert } from '../alerts/classify.ts';
import type { TargetKind } from '../captures/target-kinds.ts';
import type { CaptureRequest } from '../captures/capture.ts';
import type { AlertDecision } from '../captures/ledger.ts';
import type { Reason } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';
import { containerLeads } from '../alerts/container-labels.ts';
import { fillTarget } from '../alerts/fixed-target.ts';
import { noMapping, type LabelMapping } from '../alerts/label-mapping.ts';
import { wantedFrom, type Wanted } from '../alerts/labels.ts';
import { elsewhere, mayBeContainer, otherMachine, type Machine } from '../alerts/machine.ts';
import type { ReachableHosts } from '../alerts/host-inventory.ts';
import { chooseHost, type ChosenHost } from '../alerts/named-host.ts';
import { leadEvent } from './lead-event.ts';
import { allMatch } from './matchers.ts';
import { findPanel, type PanelRule } from './panel.ts';
import type { KubernetesScope, Route } from './route.ts';
import { workloadKey } from './workload-key.ts';
import type { Alert, AlertOutcome } from '../alerts/alert.ts';
import type { Panel } from '../alerts/panel.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';

/** The configuration, and whether an operator has paused captures. */
export interface RoutingRules {
  mode: 'capture' | 'observe';
  paused: boolean;
  routes: readonly Route[];
  targets: {
    kubernetes: KubernetesScope;
    docker: { sibling: boolean };
    /** Hosts that alerts may lead to; undefined: any. */
    ssh?: ReachableHosts;
  };
  /** Where this flamepin runs: what host targets are on. */
  machine: Machine;
  /** Labels of the configuration that lead to a target; default: none. */
  labels?: LabelMapping;
  panels: readonly PanelRule[];
}

/** What to do with an alert, and why. `decide` and `flamepin explain` share this, so they cannot disagree. */
export interface Consideration {
  alert: Alert;
  wanted: Wanted;
  /** The matching route; null: none, or not searched (the alert is resolved or ignored). */
  route: { index: number; route: Route } | null;
  event: { event: CaptureEvent; because: string } | null;
  /** Of an SSH route, the host that may be reached; else null. */
  host: ChosenHost | null;
  panel: Panel | null;
  verdict: { outcome: 'queued' } | { outcome: 'resolved' } | Refusal;
}

type Refusal = {
  outcome: Exclude<AlertOutcome, 'queued' | 'duplicate' | 'cooldown' | 'resolved'>;
  reason: Reason;
};

export function consider(alert: Alert, rules: RoutingRules): Consideration {
  const index = rules.routes.findIndex((route) => allMatch(route.matchers, alert.labels));
  const route = rules.routes[index];
  const fixed = fillTarget(route?.target.fixed ?? {}, alert.labels);
  const wanted = wantedFrom(alert.labels, rules.labels, fixed);
  const panel = findPanel(alert, rules.panels);
  const without = (verdict: Consideration['verdict']): Consideration => ({
    alert,
    wanted,
    route: null,
    event: null,
    host: null,
    panel,
    verdict,
  });
  if (alert.status === 'resolved') return without({ outcome: 'resolved' });
  const kind = classifyAlert(alert);
  if (kind === 'test') return without(refuse('ignored', 'test-alert'));
  if (kind === 'no-data') return without(refuse('ignored', 'no-data-alert'));

  if (route === undefined)
    return without(refuse('unrouted', 'no-route', closestSentence(alert, rules.routes)));

  const host = hostOf(route, alert, rules);
  const unmappable =
    findElsewhere(route, alert, rules.machine) ?? findUnmappable(route, alert, wanted, host, rules);
  let verdict: Consideration['verdict'] = { outcome: 'queued' };
  if (unmappable !== null) verdict = unmappable;
  else if (rules.paused) verdict = refuse('paused', 'paused');
  else if (rules.mode === 'observe') verdict = refuse('observed', 'observe-mode');
  return {
    alert,
    wanted,
    panel,
    route: { index, route },
    event: eventOf(alert, route),
    host: host !== null && 'host' in host ? host : null,
    verdict,
  };
}

/** Clock, ids and limits for one decision. Milliseconds. */
export interface DecisionMoment {
  now: number;
  newId: () => string;
  /** `limits.deadline`, milliseconds. */
  deadlineMs: number;
  /** `limits.queue`. */
  queueLimit: number;
}

/** One alert → what the ledger should accept. Pure: `moment` supplies clock and randomness. */
export function decide(alert: Alert, rules: RoutingRules, moment: DecisionMoment): AlertDecision {
  const { verdict, route, event, wanted, panel, host } = consider(alert, rules);
  if (verdict.outcome === 'resolved') return { alert, outcome: 'resolved' };
  if (verdict.outcome !== 'queued') return { alert, ...verdict };
  if (route === null || event === null) throw new Error('a queued alert has a route and an event');
  return {
    alert,
    outcome: 'queued',
    id: moment.newId(),
    request: requestFor(alert, route.route, event.event, rules),
    panel,
    workloadKey: workloadKey(
      route.route.target,
      { ...wanted, host: hostKey(host) ?? wanted.host },
      alert.labels,
    ),
    deadlineAt: moment.now + moment.deadlineMs,
    queueLimit: moment.queueLimit,
  };
}

/**
 * The same for a whole notification. An alert that our own fault keeps from being decided is `unmappable` with
 * `internal-error` and reported to `onFault`; the others are not affected.
 */
export function decideAll(
  alerts: readonly Alert[],
  rules: RoutingRules,
  moment: DecisionMoment,
  onFault: (alert: Alert, error: unknown) => void,
): AlertDecision[] {
  return alerts.map((alert) => {
    try {
      return decide(alert, rules, moment);
    } catch (error) {
      onFault(alert, error);
      return { alert, ...refuse('unmappable', 'internal-error') };
    }
  });
}

/** How to capture, as the route says. */
export function requestFor(
  { labels }: Alert,
  route: Route,
  event: CaptureEvent,
  rules: RoutingRules,
): CaptureRequest {
  const fixed = fillTarget(route.target.fixed ?? {}, labels);
  return {
    target: {
      kind: route.target.kind,
      process: route.target.process,
      uri: null,
      ...(Object.keys(fixed).length > 0 && { fixed }),
    },
    event,
    durationSeconds: route.duration / 1000,
    cooldownSeconds: Math.ceil(route.cooldown / 1000),
    purpose: 'alert',
    sibling: wantsSibling(route, rules),
  };
}

/** The route's setting overrides that of `targets`. */
export function wantsSibling({ target }: Route, { targets }: RoutingRules): boolean {
  return hasSiblings(target.kind) && (target.sibling ?? targets[target.kind].sibling);
}

/** Kinds of target of which several may be alike; a host is not. */
export function hasSiblings(kind: TargetKind): kind is 'kubernetes' | 'docker' {
  return kind === 'kubernetes' || kind === 'docker';
}

function eventOf(alert: Alert, route: Route): { event: CaptureEvent; because: string } {
  return route.event === undefined
    ? leadEvent(alert.labels['alertname'] ?? '')
    : { event: route.event, because: 'the route says so' };
}

/**
 * The alert of a host route that is about another machine; null when it is about this one, or only a look at the
 * processes can tell.
 */
function findElsewhere(route: Route, { labels }: Alert, machine: Machine): Refusal | null {
  if (route.target.kind !== 'host') return null;
  const other = otherMachine(labels, machine);
  if (other === null || mayBeContainer(other.host, machine)) return null;
  return refuse('not-here', 'not-here', elsewhere(other, machine));
}

/** What the cooldown knows the host of an SSH route by, whatever alerts call it. */
export const hostKey = (host: ChosenHost | null): string | null =>
  host === null ? null : `${host.host}${host.port === null ? '' : `:${host.port}`}`;

/** The host of an SSH route, or the reason why there is none; null for other routes. */
function hostOf(
  route: Route,
  { labels }: Alert,
  { targets, labels: mapping = noMapping }: RoutingRules,
): ChosenHost | Reason | null {
  return route.target.kind === 'ssh' ? chooseHost(labels, targets.ssh ?? {}, mapping.host) : null;
}

/** Why the labels cannot lead to a JVM of this kind, or lead where flamepin may not go; null when they can. */
function findUnmappable(
  route: Route,
  { labels }: Alert,
  wanted: Wanted,
  host: ChosenHost | Reason | null,
  { targets }: Pick<RoutingRules, 'targets'>,
): Refusal | null {
  switch (route.target.kind) {
    case 'host':
      return null;
    case 'ssh': {
      // A list that could not be read yet may be there when the capture looks for its target.
      if (host === null || !('code' in host) || host.code === 'inventory-unavailable') return null;
      return refuse(host.code === 'not-here' ? 'not-here' : 'unmappable', host.code, host.detail);
    }
    case 'docker':
      return containerLeads(labels).length === 0
        ? refuse('unmappable', 'no-target-labels', 'no container, instance or service')
        : null;
    case 'kubernetes': {
      const { cluster, namespaces } = targets.kubernetes;
      if (cluster !== undefined && wanted.cluster !== null && wanted.cluster !== cluster)
        return refuse('unmappable', 'other-cluster', `${wanted.cluster}, not ${cluster}`);
      if (namespaces !== undefined && wanted.namespace !== null && !namespaces.includes(wanted.namespace))
        return refuse('unmappable', 'namespace-not-configured', wanted.namespace);
      return wanted.pod === null &&
        wanted.podIp === null &&
        wanted.podGuess === null &&
        wanted.workload === null &&
        wanted.hpa === null &&
        wanted.service === null
        ? refuse('unmappable', 'no-target-labels', 'no pod, instance, workload or service')
        : null;
    }
  }
}

function refuse(outcome: Refusal['outcome'], code: ReasonCode, detail = ''): Refusal {
  return { outcome, reason: { code, detail: detail.slice(0, 2000) } };
}

/** A route that did not match, and the matchers that failed. */
export interface NearMiss {
  index: number;
  failed: { matcher: string; value: string }[];
}

/** The route with the fewest failing matchers, the first of equals; null when there are no routes. */
export function closestRoute(alert: Alert, routes: readonly Route[]): NearMiss | null {
  let closest: NearMiss | null = null;
  for (const [index, route] of routes.entries()) {
    const failed = route.matchers
      .filter((matcher) => !matcher.matches(alert.labels))
      .map(({ text, name }) => ({ matcher: text, value: alert.labels[name] ?? '' }));
    if (closest === null || failed.length < closest.failed.length) closest = { index, failed };
  }
  return closest;
}

function closestSentence(alert: Alert, routes: readonly Route[]): string {
  const closest = closestRoute(alert, routes);
  if (closest === null || closest.failed.length === 0) return 'there are no routes';
  const failed = closest.failed.slice(0, 3).map(({ matcher, value }) => {
    const found = value === '' ? 'the label is missing' : `the label is "${value.slice(0, 200)}"`;
    return `${matcher} fails: ${found}`;
  });
  const name = routes[closest.index]?.name;
  const which = `routes[${closest.index}]${name === undefined ? '' : ` (${name})`}`;
  return `closest: ${which}, where ${failed.join('; ')}`;
}
