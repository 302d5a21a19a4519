import { isIP } from 'node:net';
import { RE2JS } from 're2js';
import type { Reason } from '../reasons/failure.ts';
import { readFirst, type MappedLabel } from './label-mapping.ts';
import { hostIn, machinesNamed, type NamedMachine } from './machine.ts';
import type { Labels } from './present.ts';

/** More would hide the first ones. */
const mostNamed = 5;

/**
 * The host of the inventory that an alert is about, or the reason why there is none. Names come before addresses: one
 * host has several of those.
 * @param inventory RE2 patterns, each of which fits a whole name; undefined: every host is in it
 * @param mapped labels of the configuration; where one of them has a value, no other label is looked at
 */
export function chooseHost(
  labels: Labels,
  inventory: readonly string[] | undefined,
  mapped: readonly MappedLabel[],
): NamedMachine | Reason {
  const named = hostsNamed(labels, mapped);
  if (named.length === 0)
    return { code: 'no-target-labels', detail: 'no instance, host_name or nodename that names a host' };
  const patterns = inventory?.map((pattern) => RE2JS.compile(pattern));
  const known = named.filter(
    ({ host }) => patterns === undefined || patterns.some((pattern) => pattern.matches(host)),
  );
  const [first] = known;
  if (first === undefined) {
    const words = named.slice(0, mostNamed).map(({ label, host }) => `${host} (label ${label})`);
    return { code: 'not-here', detail: `targets.ssh.hosts has no ${words.join(', ')}` };
  }
  const names = known.filter(({ host }) => isIP(host) === 0);
  const other = names.find(({ host }) => !isSameHost(host, names[0]?.host ?? ''));
  if (other !== undefined)
    return {
      code: 'target-ambiguous',
      detail: `the label ${names[0]?.label ?? ''} names ${names[0]?.host ?? ''}, ${other.label} names ${other.host}`,
    };
  return names[0] ?? first;
}

function hostsNamed(labels: Labels, mapped: readonly MappedLabel[]): NamedMachine[] {
  const configured = readFirst(labels, mapped);
  if (configured === null) return machinesNamed(labels);
  const host = hostIn(configured.value);
  return host === null ? [] : [{ label: configured.label, host }];
}

/** A short name and a full one that begins with it are one host. In lower case. */
export function isSameHost(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}
