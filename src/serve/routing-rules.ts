import type { Configuration } from '../config/load.ts';
import type { RoutingRules } from '../routing/decide.ts';
import { thisHost } from '../targets/host/this-host.ts';

/** What decides on alerts, by the configuration and by where this runs; captures are not paused. */
export function routingRules({ mode, routes, targets, labels, grafana }: Configuration): RoutingRules {
  const machine = thisHost(targets.host.names);
  return { mode, paused: false, routes, targets, machine, labels, panels: grafana?.panels ?? [] };
}
