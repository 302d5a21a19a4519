import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

/** The machine's address on the link to the test cluster: what pods can reach of it. */
export const outside = addressOf('outside');

function addressOf(name: string): string {
  const text = readFileSync(join(import.meta.dirname, 'node', 'address.sh'), 'utf8');
  return new RegExp(`^${name}=(\\S+)$`, 'm').exec(text)?.[1] ?? '';
}

/** A way in or out of the cluster for TCP; what passes is not looked at. */
export interface Door {
  port: number;
  /** Breaks what passes, as a load balancer that goes away: both sides see a reset. */
  cut(): void;
  close(): Promise<void>;
}

/** Opens `host:port` (0: a free one) and passes every connection on to where `to` leads. */
export async function openDoor(host: string, to: { host: string; port: number }, port = 0): Promise<Door> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((inner) => {
    const outer = connect(to.port, to.host);
    for (const socket of [inner, outer]) keep(socket);
    inner.pipe(outer).pipe(inner);
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cut = (): void => {
    // One that is just ending cannot be reset: Node 24 would spin at the end of the process, and never end.
    for (const socket of sockets) {
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  };
  return {
    port: address.port,
    cut,
    close: async () => {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

/** A server of this machine's loopback, as pods reach it: the same URL with another address. */
export async function forPods(url: string): Promise<{ url: string; close(): Promise<void> }> {
  const { hostname, port } = new URL(url);
  const door = await openDoor(outside, { host: hostname, port: Number(port) });
  return { url: `http://${outside}:${door.port}`, close: () => door.close() };
}
