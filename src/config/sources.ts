import { isIP } from 'node:net';
import { isSender, senderNames, type Sender } from '../alerts/sender.ts';
import type { SourceCredentials } from '../alerts/signature.ts';
import type { Problem } from './problems.ts';
import type { Settings } from './schema.ts';
import type { Secret } from './secrets.ts';

/** A configured sender of notifications, with its secrets. */
export interface Source {
  /** Part of an alert's identity. */
  name: string;
  sender: Sender;
  bearerToken: Secret | null;
  basic: { username: string; password: Secret } | null;
  signature: {
    secret: Secret;
    header: string;
    timestampHeader: string | null;
    maximumSkewMs: number;
  } | null;
}

/** The secrets as they are now, for checking one request. */
export function currentCredentials(source: Source): SourceCredentials {
  const { name, bearerToken, basic, signature } = source;
  return {
    name,
    bearerToken: bearerToken?.read() ?? null,
    basic: basic === null ? null : { username: basic.username, password: basic.password.read() },
    signature: signature === null ? null : { ...signature, secret: signature.secret.read() },
  };
}

/** Where the secret of a key comes from: its file, the environment, or nowhere. Reports what is wrong with it. */
export type FindSecret = (keyPath: string, file: string | undefined) => Secret | null;

export function readSources(
  settings: Settings,
  findSecret: FindSecret,
  report: (problem: Problem) => void,
): Source[] {
  return Object.entries(settings.sources).map(([name, written]) => {
    const path = `sources.${name}`;
    const sender = written.sender ?? (isSender(name) ? name : undefined);
    if (sender === undefined)
      report({
        path: `${path}.sender`,
        what: 'missing',
        remedy: `Write ${senderNames.join(' or ')}: the name does not say which.`,
      });
    const bearerToken = findSecret(`${path}.bearerTokenFile`, written.bearerTokenFile);
    const hmacSecret = findSecret(`${path}.hmacSecretFile`, written.hmacSecretFile);
    const password =
      written.basic === undefined
        ? null
        : findSecret(`${path}.basic.passwordFile`, written.basic.passwordFile);
    if (written.basic !== undefined && password === null)
      report({
        path: `${path}.basic.passwordFile`,
        what: 'the password is missing',
        remedy: `Set its file, or ${environmentName(`${path}.basic.passwordFile`)}.`,
      });
    if (hmacSecret === null && written.timestampHeader !== undefined && written.hmacSecretFile === undefined)
      report({
        path: `${path}.hmacSecretFile`,
        what: 'missing, though timestampHeader is set',
        remedy: `Set its file, or ${environmentName(`${path}.hmacSecretFile`)}.`,
      });
    return {
      name,
      sender: sender ?? senderNames[0],
      bearerToken,
      basic:
        written.basic === undefined || password === null
          ? null
          : { username: written.basic.username, password },
      signature:
        hmacSecret === null
          ? null
          : {
              secret: hmacSecret,
              header: written.signatureHeader,
              timestampHeader: written.timestampHeader ?? null,
              maximumSkewMs: written.maximumSkew,
            },
    };
  });
}

/** Beyond loopback anyone who reaches the port could have JVMs profiled: each source needs a secret. */
export function refuseOpenSources(host: string, sources: readonly Source[]): Problem[] {
  if (isLoopback(host)) return [];
  return sources
    .filter(
      ({ bearerToken, basic, signature }) => bearerToken === null && basic === null && signature === null,
    )
    .map(({ name }) => ({
      path: `sources.${name}`,
      what: `no secret, but flamepin would listen on ${host}`,
      remedy: `Set bearerTokenFile, basic or hmacSecretFile, or listen on 127.0.0.1, or remove the source.`,
    }));
}

/** An address or name of this very machine, as `server.host` or a Host header has it, without a port. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  );
}

/**
 * The variable that can hold a secret instead of its file: the key's path without `File`, in capitals:
 * `sources.alertmanager.bearerTokenFile` → FLAMEPIN_SOURCES_ALERTMANAGER_BEARER_TOKEN.
 */
export function environmentName(keyPath: string): string {
  return `FLAMEPIN_${keyPath
    .replace(/File$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase()}`;
}
