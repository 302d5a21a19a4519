import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ClusterAccess } from '../../src/targets/kubernetes/connection/access.ts';

/** What was asked for, read as strictly as kube-apiserver reads it. */
export interface AskedExec {
  namespace: string;
  pod: string;
  container: string;
  command: string[];
  stdin: boolean;
  offered: string[];
}

/** One exec on the server's side; sends frames as they stand in the protocol. */
export interface ServerSide {
  asked: AskedExec;
  socket: WebSocket;
  /** The bytes beneath it, for who writes frames faster than a library does. */
  wire: Duplex;
  /** All of stdin, once its end has come (v5) or `bytes` have (v4). */
  stdin(bytes?: number): Promise<Buffer>;
  stdout(data: string | Buffer): void;
  stderr(data: string): void;
  status(status: unknown): void;
}

interface FakeOptions {
  /** Tokens that it accepts now; default: `test` alone. */
  tokens?: () => readonly string[];
  /** Newest protocol that the server speaks. */
  protocol?: 'v5.channel.k8s.io' | 'v4.channel.k8s.io';
  /** What it does when none that it speaks is offered; default: as before 1.30, it refuses without a word. */
  strangers?: 'refuses' | 'says why' | 'names none';
  /** Answers the upgrade itself: a refusal, or never. True: taken care of. */
  upgrade?: (socket: Duplex, asked: AskedExec) => boolean;
  exec?: (side: ServerSide) => void | Promise<void>;
  /** Plain requests; without it everything is 404. */
  request?: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface FakeApiServer extends AsyncDisposable {
  access: ClusterAccess;
  /** Requests that a real server would not have understood; a test ends by looking at it. */
  violations: string[];
  /** Sockets that are open now. */
  connections(): Promise<number>;
}

/** As Go's servers take: a whole script stands in the address of an exec. */
const headBytes = 1 << 20;

/** An API server for the faults that a real one does not show on demand. */
export async function fakeApiServer(options: FakeOptions): Promise<FakeApiServer> {
  const violations: string[] = [];
  const upgraded = new Set<Duplex>();
  const newest = options.protocol ?? 'v5.channel.k8s.io';
  const spoken = newest === 'v5.channel.k8s.io' ? [newest, 'v4.channel.k8s.io'] : [newest];
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => spoken.find((protocol) => offered.has(protocol)) ?? false,
  });
  const knows = ({ headers }: IncomingMessage): boolean =>
    (options.tokens?.() ?? ['test']).some((token) => headers.authorization === `Bearer ${token}`);
  const server = createServer({ maxHeaderSize: headBytes }, (request, response) => {
    if (!knows(request)) response.writeHead(401).end(JSON.stringify({ message: 'Unauthorized' }));
    else if (options.request) options.request(request, response);
    else response.writeHead(404).end('{}');
  });
  server.on('upgrade', (request, socket, head) => {
    // A client that gives up resets the connection: nothing to mind here.
    socket.on('error', () => undefined);
    upgraded.add(socket);
    try {
      const asked = readAsked(request);
      if (!knows(request)) {
        refuse(socket, 401, 'Unauthorized');
        return;
      }
      if (options.upgrade?.(socket, asked) === true) return;
      const stranger = !asked.offered.some((protocol) => spoken.includes(protocol));
      if (stranger && options.strangers === 'says why') {
        refuse(socket, 403, 'unable to upgrade: requested protocol(s) are not supported');
        return;
      }
      if (stranger && options.strangers !== 'names none') {
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', () => undefined);
        if (stranger) return;
        void options.exec?.(serverSide(webSocket, socket, asked, violations));
      });
    } catch (error) {
      violations.push(String(error));
      refuse(socket, 400, String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new Agent({ keepAlive: true });
  const address = server.address() as AddressInfo;
  return {
    violations,
    access: {
      server: `http://127.0.0.1:${address.port}`,
      namespace: 'default',
      contexts: { connected: 'test', known: ['test'] },
      authenticate: () => Promise.resolve({ headers: { authorization: 'Bearer test' }, agent }),
      close: () => {
        agent.destroy();
      },
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => {
          if (error) reject(error);
          else resolve(count);
        });
      }),
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      for (const socket of upgraded) socket.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** A refusal with a Status object, as the API server writes it; headers as `name: value`. */
export function refuse(socket: Duplex, status: number, message: string, ...headers: string[]): void {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code: status });
  socket.end(
    [
      `HTTP/1.1 ${status} Refused`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      ...headers,
      '',
      body,
    ].join('\r\n'),
  );
}

export const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };

export function exitStatus(code: number): unknown {
  return {
    ...success,
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

function readAsked(request: IncomingMessage): AskedExec {
  const url = new URL(request.url ?? '', 'http://fake');
  const path = /^\/api\/v1\/namespaces\/([a-z0-9-]+)\/pods\/([a-z0-9.-]+)\/exec$/.exec(url.pathname);
  assert.ok(path, `no exec path: ${url.pathname}`);
  assert.equal(request.method, 'GET');
  for (const name of url.searchParams.keys())
    assert.ok(['container', 'command', 'stdin', 'stdout', 'stderr'].includes(name), `parameter ${name}`);
  assert.equal(url.searchParams.get('stdout'), 'true');
  assert.equal(url.searchParams.get('stderr'), 'true');
  const command = url.searchParams.getAll('command');
  assert.notEqual(command.length, 0, 'no command');
  return {
    namespace: path[1] ?? '',
    pod: path[2] ?? '',
    container: url.searchParams.get('container') ?? '',
    command,
    stdin: url.searchParams.get('stdin') === 'true',
    offered: (request.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim()),
  };
}

function serverSide(socket: WebSocket, wire: Duplex, asked: AskedExec, violations: string[]): ServerSide {
  const received: Buffer[] = [];
  let ended = false;
  const changed = new EventTarget();
  socket.on('message', (data, isBinary) => {
    const frame = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
    if (!isBinary || frame.length === 0) violations.push('a frame that is not binary');
    else if (frame[0] === 255 && frame.length === 2 && frame[1] === 0) {
      if (socket.protocol !== 'v5.channel.k8s.io') violations.push('half-close before v5');
      ended = true;
    } else if (frame[0] !== 0) violations.push(`a frame on channel ${frame[0] ?? ''}`);
    else if (!asked.stdin || ended) violations.push('stdin that was not announced or had ended');
    else received.push(frame.subarray(1));
    changed.dispatchEvent(new Event('change'));
  });
  const send = (channel: number, data: string | Buffer): void => {
    socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(data)]));
  };
  return {
    asked,
    socket,
    wire,
    stdin: async (bytes) => {
      const length = () => received.reduce((sum, chunk) => sum + chunk.length, 0);
      while (bytes === undefined ? !ended : length() < bytes) await once(changed, 'change');
      return Buffer.concat(received);
    },
    stdout: (data) => {
      send(1, data);
    },
    stderr: (data) => {
      send(2, data);
    },
    status: (status) => {
      send(3, typeof status === 'string' ? status : JSON.stringify(status));
    },
  };
}
