import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Log } from '../captures/log.ts';
import { boundConnections } from '../http/connections.ts';
import { Failure } from '../reasons/failure.ts';
import { RepeatedWarning } from '../telemetry/repeated-warning.ts';
import type { Grace } from './grace.ts';

/** On shutdown, how long requests that are being answered may take; milliseconds. */
const answeringMs = 2_000;
/** How long a sender may take; the body itself is bounded in `http/request-body.ts`. Milliseconds. */
const timeouts = {
  /** From the connection, or the first byte of a further request, to the end of its headers: they fit in one packet. */
  headersTimeout: 10_000,
  /** To the end of its body. */
  requestTimeout: 45_000,
  /** How often Node checks both. */
  connectionsCheckingInterval: 1_000,
};
/** A client that reads nothing of its answer for this long is dropped, milliseconds; a comparison takes longest, 30 s. */
const silentMs = 120_000;

/** Browsers, senders and probes together need a few dozen; each costs some 20 KiB. */
const connectionsAtOnce = 500;

export interface Listening {
  /** The port itself where the configuration has 0. */
  port: number;
  /** Refuses new connections and lets the last requests finish, at most `answeringMs`. */
  close(grace: Grace): Promise<void>;
}

/** Serves `app` with bounds on time and connections. Resolves once it listens; rejects when the address is taken. */
export async function listen(
  app: RequestListener,
  { host, port }: { host: string; port: number },
  log: Log,
): Promise<Listening> {
  const server = createServer(timeouts, app);
  // Whether the sender is asked for its body is decided where it is read, after its secrets.
  server.on('checkContinue', app);
  server.setTimeout(silentMs);
  const crowded = new RepeatedWarning(log, 'too many connections: closed the longest idle ones');
  boundConnections(server, connectionsAtOnce, (address) => crowded.warn(address, { address }));
  server.listen(port, host);
  await once(server, 'listening').catch((error: unknown) => {
    throw unusable(error, `${host}:${port}`);
  });
  return { port: portOf(server) ?? port, close: (grace) => close(server, grace) };
}

/** The address cannot be had; anything else is a fault. */
function unusable(error: unknown, address: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'this user may not use that port',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no such host',
  };
  const what = words[code];
  return what === undefined
    ? error
    : new Failure('cannot-listen', { detail: `${address}: ${what}`, cause: error });
}

async function close(server: Server, grace: Grace): Promise<void> {
  server.close();
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), answeringMs);
  await grace.within(once(server, 'close'));
  clearTimeout(impatience);
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}
