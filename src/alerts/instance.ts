import { isIP } from 'node:net';

/** What stands in an `instance` label: an address or a name, with or without a port. */

/** `10.1.2.3:8080`, `[::1]:8080`, `web1:9100` or a bare host → the host. */
export function hostOf(instance: string): string | null {
  const [, bracketed] = /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(instance) ?? [];
  if (bracketed !== undefined) return bracketed;
  if (isIP(instance) === 6) return instance;
  const [, plain] = /^([^:/\s]+)(?::\d{1,5})?$/.exec(instance) ?? [];
  return plain ?? null;
}

/** An address or a DNS name. Nothing else may reach a command line. */
export function isHost(text: string): boolean {
  return (
    isIP(text) !== 0 || (text.length <= 253 && /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(text))
  );
}

/** Without a port it may be the name or uid of a pod. */
export function isName(instance: string): boolean {
  return instance.length <= 253 && /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(instance);
}
