import { isIP } from 'node:net';
import { RE2JS } from 're2js';
import type { Reason } from '../reasons/failure.ts';
import type { Login, ReachableHosts } from './host-inventory.ts';
import { readFirst, type MappedLabel } from './label-mapping.ts';
import { hostIn, machinesNamed, type NamedMachine } from './machine.ts';
import type { Labels } from './present.ts';

/** More would hide the first ones. */
const mostNamed = 5;

/** A host that may be reached, and the label that led there. */
export interface ChosenHost extends Login {
  label: string;
}

interface Candidate {
  label: string;
  /** What the label calls it. */
  named: string;
  login: Login;
  /** In the inventory, which knows that a name and an address are one host. */
  listed: boolean;
}

/**
 * The host that an alert is about, if it may be reached, or the reason why there is none. Without an inventory names come
 * before addresses: one host has several of those. A short name and a full one that begins with it are one host.
 * @param mapped labels of the configuration; where one of them has a value, no other label is looked at
 */
export function chooseHost(
  labels: Labels,
  reachable: ReachableHosts,
  mapped: readonly MappedLabel[],
): ChosenHost | Reason {
  const named = hostsNamed(labels, mapped);
  if (named.length === 0)
    return { code: 'no-target-labels', detail: 'no instance, host_name or nodename that names a host' };
  const candidates = candidatesOf(named, reachable);
  const [first] = candidates;
  if (first === undefined) return notReachable(named, reachable);
  const certain = candidates.filter(({ listed, login }) => listed || isIP(login.host) === 0);
  const chosen = certain[0] ?? first;
  const other = certain.find((each) => !isSameCandidate(each, chosen));
  if (other !== undefined) return { code: 'target-ambiguous', detail: whichTwo(chosen, other) };
  return { label: chosen.label, ...chosen.login };
}

function hostsNamed(labels: Labels, mapped: readonly MappedLabel[]): NamedMachine[] {
  const configured = readFirst(labels, mapped);
  if (configured === null) return machinesNamed(labels);
  const host = hostIn(configured.value);
  return host === null ? [] : [{ label: configured.label, host }];
}

/** What a label says reaches ssh only if it fits a pattern, or in the inventory's own words. */
function candidatesOf(named: readonly NamedMachine[], { hosts, inventory }: ReachableHosts): Candidate[] {
  const patterns = hosts?.map((pattern) => RE2JS.compile(pattern));
  const any = patterns === undefined && (inventory ?? null) === null;
  return named.flatMap(({ label, host }): Candidate[] => {
    const listed = inventory?.find(host) ?? [];
    if (listed.length > 0) return listed.map((login) => ({ label, named: host, login, listed: true }));
    const fits = any || patterns?.some((pattern) => pattern.matches(host)) === true;
    return fits ? [{ label, named: host, login: { user: null, host, port: null }, listed: false }] : [];
  });
}

function notReachable(named: readonly NamedMachine[], { hosts, inventory }: ReachableHosts): Reason {
  const words = named
    .slice(0, mostNamed)
    .map(({ label, host }) => `${host} (label ${label})`)
    .join(', ');
  const unread = inventory?.unread() ?? [];
  if (unread.length > 0)
    return {
      code: 'inventory-unavailable',
      detail: `${words} may be in ${unread.slice(0, mostNamed).join('; ')}`,
    };
  if ((inventory ?? null) === null) return { code: 'not-here', detail: `targets.ssh.hosts has no ${words}` };
  const where =
    hosts === undefined ? 'targets.ssh.inventory has' : 'targets.ssh has, in hosts and inventory,';
  return { code: 'not-here', detail: `${where} no ${words}` };
}

function isSameCandidate(one: Candidate, other: Candidate): boolean {
  if (one.listed && other.listed)
    return JSON.stringify(loginKey(one.login)) === JSON.stringify(loginKey(other.login));
  return isSameHost(one.login.host, other.login.host) || isSameHost(one.named, other.named);
}

const loginKey = ({ user, host, port }: Login) => [user, host, port];

/** A short name and a full one that begins with it are one host. In lower case. */
export function isSameHost(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}

function whichTwo(one: Candidate, other: Candidate): string {
  return one.named === other.named
    ? `the inventory has several hosts for ${one.named} (label ${one.label}): ${one.login.host} and ${other.login.host}`
    : `the label ${one.label} names ${one.login.host}, ${other.label} names ${other.login.host}`;
}
