import { connect, type Socket } from 'node:net';

/** Connections of people without any secret, held against a server: as many as wanted, for as long as wanted. */
export interface Strangers {
  /** How many are connected now. */
  connected(): number;
  stop(): void;
}

/** What one of them does with its connection. */
export interface Habit {
  /** Written first. */
  opening: string;
  /** Written again and again; default: nothing more. */
  further?: string;
}

/** A connection that was closed comes again; this keeps `most` strangers from being a busy loop. */
const againMs = 200;
const furtherMs = 250;

/** Keeps `most` of them at the door. They read nothing. */
export function sendStrangers(url: string, most: number, { opening, further }: Habit): Strangers {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;
  const come = (): void => {
    if (stopped) return;
    const socket = connect(Number(port), hostname);
    socket.pause();
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      sockets.add(socket);
      if (opening !== '') socket.write(opening);
    });
    const writing =
      further === undefined
        ? undefined
        : setInterval(() => socket.writable && socket.write(further), furtherMs);
    socket.once('close', () => {
      sockets.delete(socket);
      clearInterval(writing);
      const timer = setTimeout(() => {
        timers.delete(timer);
        come();
      }, againMs);
      timers.add(timer);
    });
  };
  for (let i = 0; i < most; i++) come();
  return {
    connected: () => sockets.size,
    stop: () => {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
