import { hostname, networkInterfaces } from 'node:os';

/** The machine that flamepin runs on, as alerts may name it. */
export interface ThisHost {
  name: string;
  addresses: readonly string[];
}

export function thisHost(): ThisHost {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address),
  );
  return { name: hostname(), addresses };
}

/**
 * Whether a host or address from an alert's labels is this machine: loopback, one of our addresses, or our name. A short
 * name matches the full one; two full names must be equal. Anything else is another machine, and profiling a JVM here
 * would give an answer about the wrong service.
 */
export function isThisHost(wanted: string, { name, addresses }: ThisHost): boolean {
  const host = wanted.toLowerCase();
  if (/^(?:(?:.+\.)?localhost|127\.[\d.]+|0\.0\.0\.0|::1?)$/.test(host)) return true;
  return addresses.includes(host) || sameName(host, name.toLowerCase());
}

function sameName(left: string, right: string): boolean {
  if (left === right) return true;
  return left.includes('.') !== right.includes('.') && left.split('.')[0] === right.split('.')[0];
}
