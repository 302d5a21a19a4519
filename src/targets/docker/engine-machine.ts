import { hostname, networkInterfaces } from 'node:os';
import { machinesNamed } from '../../alerts/machine.ts';
import { isSameHost } from '../../alerts/named-host.ts';
import type { Engine } from './engine.ts';

/**
 * The engines on the machine that an alert names, by `instance`, `nodename` and the like. Several, where one machine has
 * several engines; none, where it names no machine of an engine, such as the container itself.
 */
export function enginesNamed(engines: readonly Engine[], labels: Readonly<Record<string, string>>): Engine[] {
  for (const { host } of machinesNamed(labels)) {
    const there = engines.filter((engine) => isMachineOf(engine, host));
    if (there.length > 0) return there;
  }
  return [];
}

/** Whether a host name or address is the machine of that engine, so that a published port there is a port of the engine. */
export function isMachineOf({ settings }: Engine, host: string): boolean {
  const wanted = host.toLowerCase();
  const { remote, url } = settings;
  const elsewhere = remote?.host ?? (url === undefined ? null : new URL(url).hostname);
  if (elsewhere !== null) return isSameHost(elsewhere.toLowerCase(), wanted);
  const here = hostname().toLowerCase();
  const addresses = Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? []).map(({ address }) => address),
  );
  return [here, here.split('.')[0], 'localhost', 'host.docker.internal', ...addresses].includes(wanted);
}
