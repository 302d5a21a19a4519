import { isIP } from 'node:net';
import type { Labels } from './present.ts';

/** A machine, as alerts may name it. */
export interface Machine {
  /** Short and full host names; the first is what it calls itself. */
  names: readonly string[];
  addresses: readonly string[];
  /** Subnets in which containers of this machine have their addresses, in CIDR notation (IPv4). */
  containerSubnets: readonly string[];
}

/** A label that names a machine, and the host name or address it gives. */
export interface NamedMachine {
  label: string;
  host: string;
}

/**
 * Labels that hold nothing but the name of a machine. All of them must agree with this one. `exported_` comes first in
 * each: where Prometheus scrapes without honor_labels, the plain label is the exporter's.
 */
const machineLabels = [
  'host.name',
  'host_name',
  'hostname',
  'nodename',
  'fqdn',
  'node',
  'k8s.node.name',
  'k8s_node_name',
  'kubernetes_node',
  'kubernetes_io_hostname',
];

/** Names that every machine has for itself. */
const loopback = /^(?:(?:.+\.)?localhost(?:\.localdomain)?|127\.[\d.]+|0\.0\.0\.0|::1?)$/;
/** OpenTelemetry's `service.instance.id`, which its exporters write to `instance`: names no machine. */
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The label by which an alert is about another machine than `here`; null when it is about this one, or names none.
 *
 * `instance` is where the metrics were read, mostly the machine itself: it may be a name, an address or a URL. `host` is a
 * machine to Telegraf, but a virtual host to Tomcat and to HTTP servers. So where `instance` names this machine, or the
 * labels are Tomcat's (`context`), `host` is not looked at. Loopback says nothing.
 */
export function otherMachine(labels: Labels, here: Machine): NamedMachine | null {
  const isOther = (named: NamedMachine | null): named is NamedMachine =>
    named !== null && !isMachine(named.host, here);
  const named = machineLabels.map((name) => read(labels, name)).find(isOther);
  if (named !== undefined) return named;
  const instance = read(labels, 'instance');
  if (isOther(instance)) {
    // An address or a short name may be that of a container here, if another label says so; a full name is a machine's.
    const full = isIP(instance.host) === 0 && instance.host.includes('.');
    if (full || !machineLabels.some((name) => saysHere(read(labels, name), here))) return instance;
  }
  const host = read(labels, 'host');
  const virtual = present(labels, 'context') !== null || saysHere(instance, here);
  return isOther(host) && !virtual ? host : null;
}

/** The machines that an alert names, the surest label first; loopback names none. For `host` see otherMachine. */
export function machinesNamed(labels: Labels): NamedMachine[] {
  const names = [...machineLabels, 'instance', ...(present(labels, 'context') === null ? ['host'] : [])];
  return names
    .map((name) => read(labels, name))
    .filter((named): named is NamedMachine => named !== null && !loopback.test(named.host));
}

/** For the reason `not-here`. */
export const elsewhere = ({ label, host }: NamedMachine, { names }: Machine): string =>
  `the label ${label} names ${host}, this is ${names[0] ?? ''}`;

const saysHere = (named: NamedMachine | null, here: Machine): boolean =>
  named !== null && !loopback.test(named.host) && isMachine(named.host, here);

/**
 * Whether a host name or address (lower case) is this machine: loopback, one of its addresses or one of its names. A
 * short name matches a full one. Full names must be equal; one matches a short name only if the full one is not known.
 */
export function isMachine(host: string, { names, addresses }: Machine): boolean {
  if (loopback.test(host)) return true;
  if (isIP(host) !== 0) return addresses.some((address) => canonical(address) === host);
  const same = names
    .map((name) => canonical(name))
    .filter((name) => name === host || shortName(name) === shortName(host));
  if (same.includes(host)) return true;
  return same.length > 0 && (!host.includes('.') || same.every((name) => !name.includes('.')));
}

const shortName = (name: string): string => name.split('.')[0] ?? '';

/**
 * Whether this may be a container of this machine, by address or id: only a look at the processes can tell. Container
 * ids are what the JVM in one takes for its host name.
 */
export function mayBeContainer(host: string, { containerSubnets }: Machine): boolean {
  return isContainerId(host) || containerSubnets.some((subnet) => inSubnet(host, subnet));
}

export const isContainerId = (host: string): boolean => /^[0-9a-f]{12}(?:[0-9a-f]{52})?$/.test(host);

function inSubnet(address: string, subnet: string): boolean {
  const [network = '', length = ''] = subnet.split('/');
  if (isIP(address) !== 4 || isIP(network) !== 4) return false;
  // Shifting by 32 would shift by 0.
  const mask = length === '0' ? 0 : (-1 << (32 - Number(length))) >>> 0;
  return (numberOf(address) & mask) === (numberOf(network) & mask);
}

const numberOf = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

function read(labels: Labels, name: string): NamedMachine | null {
  for (const label of [`exported_${name}`, name]) {
    const value = present(labels, label);
    if (value === null) continue;
    const host = hostIn(value);
    return host === null ? null : { label, host };
  }
  return null;
}

function present(labels: Labels, name: string): string | null {
  const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
  return value === undefined || value === '' ? null : value;
}

/**
 * `web1:9100`, `[::1]:80`, `http://web1:8080/x`, `web1/metrics`, `4711@web1` (what a JVM calls itself) or a bare host →
 * the host in lower case; null for what names no machine.
 */
export function hostIn(text: string): string | null {
  const authority = text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/[/?#].*$/s, '');
  const place = authority.slice(authority.lastIndexOf('@') + 1);
  const [, bracketed] = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(place) ?? [];
  const host = bracketed ?? (isIP(place) === 6 ? place : place.replace(/:\d{1,5}$/, ''));
  const isName = host.length <= 253 && /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?$/i.test(host);
  if (isIP(host) === 0 && (!isName || uuid.test(host))) return null;
  return canonical(host);
}

/** In lower case, without an IPv6 zone or the dot at the end of a full name; IPv6 in its shortest form. */
function canonical(host: string): string {
  const lower = host.toLowerCase();
  if (isIP(lower) !== 6) return lower.replace(/\.$/, '');
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(lower) ?? [];
  return mapped ?? new URL(`http://[${lower.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
}
