import type { TargetKind } from '../captures/target-kinds.ts';
import type { Reason } from '../reasons/failure.ts';
import type { CaptureRequest } from '../captures/capture.ts';
import { closestRoute, consider, hostKey, requestFor, type NearMiss, type RoutingRules } from './decide.ts';
import type { Wanted } from '../alerts/labels.ts';
import type { ChosenHost } from '../alerts/named-host.ts';
import { alertExpression } from '../alerts/expression.ts';
import { workloadKey } from './workload-key.ts';
import type { Alert, AlertOutcome } from '../alerts/alert.ts';
import type { Panel } from '../alerts/panel.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';

/** What is decided about one alert before the ledger and the target are looked at. */
export interface Explanation {
  alert: Alert;
  outcome: AlertOutcome;
  reason: Reason | null;
  route: {
    index: number;
    name: string | null;
    matchers: string[];
    durationSeconds: number;
    cooldownSeconds: number;
  } | null;
  /** Set when no route matched and there are routes. */
  closest: NearMiss | null;
  event: { event: CaptureEvent; because: string } | null;
  target: {
    kind: TargetKind;
    process: string | null;
    workloadKey: string;
    /** Whether a healthy pod of the workload is profiled in the same window. */
    sibling: boolean;
  } | null;
  /** How it would be captured; null without a route. */
  request: CaptureRequest | null;
  /** Of an SSH route, the host that ssh is asked for; null: none may be reached. */
  host: ChosenHost | null;
  /** What the labels say, and by which labels (`wanted.from`). */
  wanted: Wanted;
  panel: Panel | null;
  /** The rule's expression, to look for its panel with `suggestPanels`; null when the generator URL holds none. */
  expression: string | null;
}

/** Pure. The same verdict as `decide`. */
export function explainDecision(alert: Alert, rules: RoutingRules): Explanation {
  const { verdict, route, event, wanted, panel, host } = consider(alert, rules);
  const request =
    route === null || event === null ? null : requestFor(alert, route.route, event.event, rules);
  return {
    alert,
    outcome: verdict.outcome,
    reason: 'reason' in verdict ? verdict.reason : null,
    route:
      route === null
        ? null
        : {
            index: route.index,
            name: route.route.name ?? null,
            matchers: route.route.matchers.map(({ text }) => text),
            durationSeconds: route.route.duration / 1000,
            cooldownSeconds: Math.ceil(route.route.cooldown / 1000),
          },
    closest: verdict.outcome === 'unrouted' ? closestRoute(alert, rules.routes) : null,
    event,
    target:
      request === null
        ? null
        : {
            kind: request.target.kind,
            process: request.target.process,
            workloadKey: workloadKey(
              request.target,
              { ...wanted, host: hostKey(host) ?? wanted.host },
              alert.labels,
            ),
            sibling: request.sibling,
          },
    request,
    host,
    wanted,
    panel,
    expression: alertExpression(alert.generatorUrl),
  };
}
