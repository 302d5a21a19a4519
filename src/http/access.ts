import type { Request, RequestHandler } from 'express';
import { sameText } from '../alerts/signature.ts';
import { RequestProblem } from './problem.ts';

/**
 * Demands `Authorization: Bearer …`. `secret` is null when the token is not configured: the route is then off.
 * `publicUrl` is for the command in the remedy; a browser cannot send the header. Throws a RequestProblem 401 or 403.
 */
export function demandToken(
  request: Request,
  secret: (() => string) | null,
  key: 'recordingsTokenFile' | 'capturesTokenFile',
  publicUrl: string | null,
): void {
  if (secret === null)
    throw new RequestProblem(
      403,
      'not-enabled',
      'This is turned off.',
      `Set \`access.${key}\` in the configuration to turn it on.`,
    );
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given === undefined || !sameText(given, secret()))
    throw new RequestProblem(
      401,
      'token-required',
      'This needs a token.',
      `Send it from a terminal: \`${curl(request, publicUrl)}\`, where TOKEN is the token from \`access.${key}\`.`,
    );
}

/** Only for holders of the captures token. It runs first: a stranger's body is not worth reading. */
export function capturesTokenOnly(secret: (() => string) | null, publicUrl: string | null): RequestHandler {
  return (request, _response, next) => {
    demandToken(request, secret, 'capturesTokenFile', publicUrl);
    next();
  };
}

function curl(request: Request, publicUrl: string | null): string {
  const origin =
    publicUrl?.replace(/\/$/, '') ?? `${request.protocol}://${request.headers.host ?? 'localhost'}`;
  const method = request.method === 'GET' ? '-OJ' : `-X ${request.method}`;
  return `curl ${method} -H "Authorization: Bearer $TOKEN" ${origin}${request.path}`;
}
