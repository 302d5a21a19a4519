import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Failure } from '../../reasons/failure.ts';
import { SshClient } from './client.ts';
import type { Login } from '../../alerts/host-inventory.ts';
import { readAddress } from './destination.ts';
import { isHostKeyKnown } from './host-key.ts';
import type { LoginSettings } from './settings.ts';

/** A connection that we forward ourselves is there in microseconds; milliseconds. */
const connectMs = 5_000;
/** No one listens there any more: the connection to the host has closed. */
const closed: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * Unix sockets on other hosts, forwarded by the OpenSSH client (`ssh -L`) and not by a program there, as `docker` does
 * with `docker system dial-stdio`: it needs no docker client on the host and no process for each connection, and each
 * direction still ends by itself.
 */
export class RemoteSockets {
  readonly #settings: LoginSettings;
  readonly #client: SshClient;
  /** The forwarded socket here, or the attempt to get one. */
  readonly #forwarded = new Map<string, Promise<string>>();

  constructor(settings: LoginSettings) {
    this.#settings = settings;
    this.#client = new SshClient(settings);
  }

  /**
   * @param address `[user@]host[:port]`; what it leaves open is as configured
   * @param path of the socket there
   */
  at(address: string, path: string): { host: string; connect: () => Promise<Socket> } {
    const { destination } = readAddress(`ssh://${address}`);
    const { user, port } = this.#settings;
    const full = {
      user: destination.user ?? user ?? null,
      host: destination.host,
      port: destination.port ?? port ?? null,
    };
    return { host: destination.host, connect: () => this.#connect(full, path) };
  }

  /** Ends all connections. */
  close(): Promise<void> {
    this.#forwarded.clear();
    return this.#client.close();
  }

  async #connect(destination: Login, path: string): Promise<Socket> {
    const key = JSON.stringify([destination, path]);
    const earlier = this.#forwarded.get(key);
    if (earlier !== undefined)
      try {
        return await open(await earlier);
      } catch (error) {
        if (!isClosed(error)) throw error;
        // Whoever comes first forwards anew, for all.
        if (this.#forwarded.get(key) === earlier) this.#forwarded.delete(key);
      }
    const forwarding = this.#forwarded.get(key) ?? this.#forward(destination, path);
    this.#forwarded.set(key, forwarding);
    try {
      return await open(await forwarding);
    } catch (error) {
      if (this.#forwarded.get(key) === forwarding) this.#forwarded.delete(key);
      throw error;
    }
  }

  async #forward(destination: Login, path: string): Promise<string> {
    try {
      return await this.#client.forward(destination, path);
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      const known = await isHostKeyKnown(this.#client, destination);
      throw new Failure(known ? 'exec-unavailable' : 'host-key-unknown', {
        detail: `${destination.host}: ${words}`,
        cause,
      });
    }
  }
}

async function open(path: string): Promise<Socket> {
  const socket = connect(path);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(connectMs) });
    // Before anyone listens: an error in between would end flamepin.
    socket.on('error', () => undefined);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const isClosed = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && closed.has(error.code);
