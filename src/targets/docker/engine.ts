import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import { Failure } from '../../reasons/failure.ts';

/** The Unix socket of an engine on another machine. */
export interface RemoteSocket {
  /** The machine, as the configuration names it. */
  host: string;
  /** Opens a connection to that socket. Rejects with a Failure. */
  connect: () => Promise<Socket>;
}

/** One engine of the configuration: a Unix socket here or on another machine, or an address with client certificates. */
export interface EngineSettings {
  /** Its name in the configuration and in `docker://NAME/container`. */
  name: string;
  socket?: string | undefined;
  remote?: RemoteSocket | undefined;
  /** `tcp://host:port`. */
  url?: string | undefined;
  tls?: { caFile: string; certFile: string; keyFile: string } | undefined;
}

/** An answer of the engine that is not a stream. */
export interface EngineAnswer {
  status: number;
  body: unknown;
}

/** Lists of some thousand containers; bytes. */
const maxAnswerBytes = 16 * 1024 * 1024;
/** An engine that works answers in milliseconds; one whose storage hangs never does. Milliseconds. */
const answerMs = 10_000;

/**
 * The HTTP API of one Docker engine, or of Podman's compatible socket. Ten of its endpoints are enough, over Node's own
 * client: dockerode would add gRPC, protobuf and an SSH client, and bounds no answer.
 */
export class Engine {
  readonly settings: EngineSettings;

  constructor(settings: EngineSettings) {
    this.settings = settings;
  }

  get name(): string {
    return this.settings.name;
  }

  /**
   * One request → status and JSON body, whatever the status.
   * Rejects with exec-unavailable (no such socket, nobody answers), exec-denied (the socket is not ours to open) or
   * exec-disconnected (aborted).
   */
  async ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    options: { body?: unknown; signal?: AbortSignal } = {},
  ): Promise<EngineAnswer> {
    try {
      const connection = await this.#connection(options.signal);
      const deadline = AbortSignal.timeout(answerMs);
      const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
      const response = await this.#send(connection, method, path, options.body, {}, signal);
      if (!(response instanceof http.IncomingMessage)) throw new Error('an upgrade that nobody asked for');
      return { status: response.statusCode ?? 0, body: await json(response) };
    } catch (error) {
      throw this.#failure(error, options.signal);
    }
  }

  /**
   * Starts an exec and takes the connection over: its bytes are stdin in one direction, framed output in the other.
   * A refusal comes back as an answer.
   */
  async attach(path: string, signal: AbortSignal): Promise<Socket | EngineAnswer> {
    try {
      const answer = await this.#send(
        await this.#connection(signal),
        'POST',
        path,
        { Detach: false, Tty: false },
        { connection: 'Upgrade', upgrade: 'tcp' },
        signal,
      );
      if (answer instanceof http.IncomingMessage)
        return { status: answer.statusCode ?? 0, body: await json(answer) };
      return answer;
    } catch (error) {
      throw this.#failure(error, signal);
    }
  }

  #send(
    connection: https.RequestOptions,
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage | Socket> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const options: https.RequestOptions = {
      ...connection,
      method,
      path,
      signal,
      headers: {
        ...connection.headers,
        ...headers,
        ...(content !== undefined && {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(content),
        }),
      },
    };
    return new Promise((resolve, reject) => {
      const request = this.settings.tls === undefined ? http.request(options) : https.request(options);
      request.on('response', resolve);
      request.on('upgrade', (_response, socket: Socket, head: Buffer) => {
        // Before anyone listens: an error in between would end flamepin.
        socket.on('error', () => undefined);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      request.on('error', reject);
      request.end(content);
    });
  }

  async #connection(signal: AbortSignal | undefined): Promise<https.RequestOptions> {
    const { socket, remote, url, tls } = this.settings;
    if (remote !== undefined) {
      const connected = await unlessAborted(remote.connect(), signal);
      return { createConnection: () => connected, headers: { host: remote.host } };
    }
    if (url === undefined) return { socketPath: socket, agent: false };
    const { hostname, port } = new URL(url);
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? (tls === undefined ? 2375 : 2376) : Number(port),
      agent: false,
      // Read at each connection: certificates are renewed in place.
      ...(tls !== undefined && {
        ca: readFileSync(tls.caFile),
        cert: readFileSync(tls.certFile),
        key: readFileSync(tls.keyFile),
      }),
    };
  }

  #failure(error: unknown, signal: AbortSignal | undefined): Failure {
    if (error instanceof Failure) return error;
    const { remote } = this.settings;
    const place = remote === undefined ? '' : ` at its socket on ${remote.host}`;
    const detail = `engine ${this.name}${place}: ${error instanceof Error ? error.message : String(error)}`;
    if (signal?.aborted === true)
      return new Failure('exec-disconnected', { detail: `engine ${this.name}: given up`, cause: error });
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return new Failure(code === 'EACCES' || code === 'EPERM' ? 'exec-denied' : 'exec-unavailable', {
      detail,
      cause: error,
    });
  }
}

/** What comes after the abort is closed. */
async function unlessAborted(connecting: Promise<Socket>, signal: AbortSignal | undefined): Promise<Socket> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    return await Promise.race([connecting, aborted]);
  } catch (error) {
    connecting.then(
      (socket) => socket.destroy(),
      () => undefined,
    );
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

async function json(response: http.IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`);
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString('utf8');
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return eachLine(text) ?? { message: text.slice(0, 500) };
  }
}

/** Events come as a JSON object on each line. */
function eachLine(text: string): unknown[] | null {
  try {
    return text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  } catch {
    return null;
  }
}

/** What the engine says about a refusal, for a detail; '' when it says nothing. */
export function messageOf({ status, body }: EngineAnswer): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  return `${message.slice(0, 1000)} (HTTP ${status})`.trim();
}
