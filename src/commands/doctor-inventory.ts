import type { CheckResult } from '../captures/target.ts';
import type { Configuration } from '../config/load.ts';
import { openInventory } from '../serve/open-inventory.ts';

/** One line for each source of `targets.ssh.inventory`: how many hosts it lists, or what is wrong with it. */
export async function lookAtInventory(configuration: Configuration): Promise<CheckResult[]> {
  const inventory = await openInventory(configuration, { info: () => undefined, warn: () => undefined });
  return (inventory?.sources() ?? []).map(({ name, hosts, problems }) => ({
    what: `inventory (${name})`,
    ok: problems.length === 0,
    detail: problems.length === 0 ? `${hosts} hosts` : problems.join('; '),
    remedy:
      problems.length === 0
        ? ''
        : 'Correct `targets.ssh.inventory`, or what it names: target groups as Prometheus reads them.',
  }));
}
