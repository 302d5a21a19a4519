import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { isLoopback } from '../config/sources.ts';
import { RequestProblem } from './problem.ts';

/** Answered whatever name was asked for: probes and scrapers come by address or by any name, and learn no secret. */
const open: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

interface HostParts {
  /** Where flamepin listens, as configured. */
  listensOn: string;
  publicUrl: string | null;
  /** Whether a request to this path must show a secret whatever else it is: then its host does not matter. */
  guarded: (path: string) => boolean;
}

/**
 * Refuses requests by a name that is not flamepin's. A page of a stranger can have its own name resolve to flamepin's
 * address, and the browser then lets it read what it gets from there (DNS rebinding); the Host header still carries
 * the stranger's name.
 */
export function demandOwnHost({ listensOn, publicUrl, guarded }: HostParts): RequestHandler {
  const publicHost = publicUrl === null ? null : new URL(publicUrl).hostname;
  const onLoopback = isLoopback(listensOn);
  return (request, _response, next) => {
    if (countHosts(request.rawHeaders) > 1)
      throw new RequestProblem(
        400,
        'request-malformed',
        'The request has several Host headers.',
        'Send one: proxies on the way may each read a different one.',
      );
    if (open.has(request.path) || guarded(request.path)) {
      next();
      return;
    }
    const name = hostname(request.headers.host ?? '');
    const own = name === publicHost || (onLoopback ? isHere(name) : isInside(name, publicHost));
    if (!own)
      throw new RequestProblem(
        421,
        'host-unknown',
        'flamepin does not answer to this host name.',
        'Set `server.publicUrl` to the address that people use, or use its IP address.',
      );
    next();
  };
}

/**
 * Beyond loopback: what no stranger can have their own name resolve as. That is an address, a name without a dot
 * (`flamepin`), and a Service's (`flamepin.shop.svc`, `….svc.cluster.local`). Without a public URL flamepin cannot know
 * by which name people come, and takes any. No name at all (HTTP/1.0) is no browser's.
 */
function isInside(name: string, publicHost: string | null): boolean {
  return (
    publicHost === null ||
    isHere(name) ||
    !name.includes('.') ||
    isIP(name) > 0 ||
    /\.svc(?:\.cluster\.local)?$/.test(name)
  );
}

const isHere = (name: string): boolean => isLoopback(name) || name.endsWith('.localhost');

/** `[::1]:8080` → `::1`, `flamepin.:80` → `flamepin`, in lower case. */
function hostname(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function countHosts(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length;
}
