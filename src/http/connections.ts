import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIPv6, type Socket } from 'node:net';

interface Connection {
  /** Whose share it counts to. */
  address: string;
  /** Requests whose answer is not finished. */
  requests: number;
  /** Monotonic time of the last change between idle and busy, milliseconds. */
  since: number;
}

/**
 * How long a connection may be without a complete request before it is the first to go, milliseconds. One that has
 * just come is like any other: else it would be the only one to go when all the others keep a request unfinished.
 */
const idleMs = 500;

/** Past the limit only connections of authenticated senders are left; this many more are let in, then none. */
const reserve = 50;

const trusted = new WeakSet<Socket>();

/** Until this request is answered its connection keeps its place, however full it gets. */
export function trustConnection({ socket }: IncomingMessage): void {
  trusted.add(socket);
}

/**
 * Keeps at most `most` connections, and always lets the next one in: it takes the place of another of the address that
 * has most of them: one without a complete request, else one whose sender has shown no secret; the oldest first.
 * So whoever holds connections open only pushes out their own; probes and webhooks come through, also from behind the
 * same proxy. `closed` is told of each.
 */
export function boundConnections(server: Server, most: number, closed: (address: string) => void): void {
  const connections = new Map<Socket, Connection>();
  server.maxConnections = most + reserve;

  server.on('connection', (socket: Socket) => {
    if (connections.size >= most) makeRoom();
    connections.set(socket, {
      address: shareOf(socket.remoteAddress),
      requests: 0,
      since: performance.now(),
    });
    socket.once('close', () => connections.delete(socket));
  });

  const count = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(socket);
    if (connection === undefined) return;
    connection.requests += 1;
    connection.since = performance.now();
    response.once('close', () => {
      connection.requests -= 1;
      connection.since = performance.now();
      trusted.delete(socket);
    });
  };
  // Before the application, which may trust the connection and answer at once.
  server.prependListener('request', count);
  server.prependListener('checkContinue', count);

  function makeRoom(): void {
    const crowd = new Map<string, number>();
    for (const { address } of connections.values()) crowd.set(address, (crowd.get(address) ?? 0) + 1);
    let worst: { socket: Socket; rank: readonly number[] } | undefined;
    const idleSince = performance.now() - idleMs;
    for (const [socket, { address, requests, since }] of connections) {
      if (requests > 0 && trusted.has(socket)) continue;
      const idle = requests === 0 && since < idleSince;
      const rank = [-(crowd.get(address) ?? 0), idle ? 0 : 1, since];
      if (worst === undefined || isBefore(rank, worst.rank)) worst = { socket, rank };
    }
    if (worst === undefined) return;
    const { socket } = worst;
    closed(connections.get(socket)?.address ?? '');
    connections.delete(socket);
    socket.destroy();
  }
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const differs = a.findIndex((value, index) => value !== b[index]);
  return differs >= 0 && (a[differs] ?? 0) < (b[differs] ?? 0);
}

/** One share for each IPv4 address and for each IPv6 /64, which is what one host can choose its addresses from. */
export function shareOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.split('::');
  const groups = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail)];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  return `${[...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 4).join(':')}::/64`;
}
