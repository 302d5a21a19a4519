import { isIP } from 'node:net';
import type { Login } from '../../alerts/host-inventory.ts';
import { addresses } from '../../captures/target-kinds.ts';
import { Failure } from '../../reasons/failure.ts';

/**
 * `ssh://[user@]host[:port][/pid]` → where to log in, and the process if one is named.
 * Throws Failure target-not-found for anything else.
 */
export function readAddress(uri: string): { destination: Login; pid: number | null } {
  const { form, pattern } = addresses.ssh;
  const [, user, bracketed, plain, port, pid] = pattern.exec(uri) ?? [];
  const host = bracketed ?? plain;
  const known =
    host !== undefined &&
    (bracketed === undefined || isIP(bracketed) === 6) &&
    (port === undefined || (Number(port) > 0 && Number(port) < 65536));
  if (!known) throw new Failure('target-not-found', { detail: `${uri} is not ${form}` });
  return {
    destination: { user: user ?? null, host, port: port === undefined ? null : Number(port) },
    pid: pid === undefined ? null : Number(pid),
  };
}

/** The address of a process there. */
export function writeAddress({ user, host, port }: Login, pid: number): string {
  const place = isIP(host) === 6 ? `[${host}]` : host;
  return `ssh://${user === null ? '' : `${user}@`}${place}${port === null ? '' : `:${port}`}/${pid}`;
}
