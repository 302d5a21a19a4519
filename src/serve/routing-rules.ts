import type { Configuration } from '../config/load.ts';
import type { HostInventory } from '../alerts/host-inventory.ts';
import type { RoutingRules } from '../routing/decide.ts';
import { thisHost } from '../targets/host/this-host.ts';

/**
 * What decides on alerts, by the configuration and by where this runs; captures are not paused.
 * @param inventory what `targets.ssh.inventory` lists; null: it is not set
 */
export function routingRules(
  { mode, routes, targets: { kubernetes, docker, host, ssh }, labels, grafana }: Configuration,
  inventory: HostInventory | null,
): RoutingRules {
  const targets = { kubernetes, docker, ssh: { hosts: ssh.hosts, inventory } };
  const machine = thisHost(host.names);
  return { mode, paused: false, routes, targets, machine, labels, panels: grafana?.panels ?? [] };
}
