import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { isMachine, type Machine } from '../../alerts/machine.ts';

/**
 * The machine that flamepin runs on: its host name, its addresses, its names in /etc/hosts, and the configured `names`
 * (`targets.host.names`).
 */
export function thisHost(names: readonly string[]): Machine {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, all = []]) =>
    all.map(({ address, cidr, internal }) => ({ name, address, cidr, internal })),
  );
  const addresses = interfaces.map(({ address }) => address);
  const own = { names: [hostname()], addresses, containerSubnets: [] };
  return {
    names: [hostname(), ...names.filter((name) => isIP(name) === 0), ...namesIn(hostsFile(), own)],
    addresses: [...addresses, ...names.filter((name) => isIP(name) !== 0)],
    containerSubnets: interfaces
      .filter(({ name, internal }) => !internal && !hasDevice(name))
      .flatMap(({ cidr }) => (cidr === null ? [] : [cidr])),
  };
}

/** Bridges and the like, behind which containers are, have no device of their own. */
const hasDevice = (name: string): boolean => existsSync(`/sys/class/net/${name}/device`);

/** `127.0.1.1 web1.example.com web1` → both names, on lines with an address of this machine. */
function namesIn(hosts: string, own: Machine): string[] {
  return hosts.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    // Names at 0.0.0.0 are blocked, not ours.
    return isIP(address) !== 0 && address !== '0.0.0.0' && isMachine(address.toLowerCase(), own) ? names : [];
  });
}

/** Some block advertising with a hundred thousand lines of 0.0.0.0; this is read for every notification. */
const largestHosts = 64 * 1024;

function hostsFile(): string {
  try {
    const text = readFileSync('/etc/hosts', 'utf8');
    return text.length <= largestHosts ? text : '';
  } catch {
    return '';
  }
}
