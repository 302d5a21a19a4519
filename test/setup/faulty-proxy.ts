import {
  createServer,
  request,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What the next requests meet: `pass`, a 503 with S3's own words, silence, a narrow line, an upload cut after so many bytes, or
 * an answer that is lost after the server has done its work.
 */
export type Fault =
  | { kind: 'pass' }
  | { kind: 'slow-down' }
  | { kind: 'silence' }
  | { kind: 'slow'; bytesPerSecond: number }
  | { kind: 'cut-upload'; afterBytes: number; then?: () => Promise<void> }
  | { kind: 'lose-answer' };

export interface FaultyProxy {
  endpoint: string;
  /** Faults of the next requests, in order; afterwards everything passes. */
  next(...faults: Fault[]): void;
  /** Requests seen so far. */
  readonly seen: number;
  close(): Promise<void>;
}

/** Stands between a store and a real server for what a healthy server does not do by itself. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target);
  let faults: Fault[] = [];
  let seen = 0;

  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    seen += 1;
    const fault = faults.shift() ?? { kind: 'pass' };
    incoming.on('error', () => outgoing.destroy());
    if (fault.kind === 'silence') return;
    if (fault.kind === 'slow-down') {
      incoming.resume().once('end', () => {
        outgoing.writeHead(503, { 'content-type': 'application/xml' });
        outgoing.end(
          '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
        );
      });
      return;
    }
    // The host header stays as the client signed it.
    const onward = request({
      hostname,
      port,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    });
    onward.on('error', () => outgoing.destroy());
    onward.on('response', (answer) => {
      if (fault.kind === 'lose-answer') {
        answer.resume().once('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    if (fault.kind === 'slow') {
      trickle(incoming, onward, fault.bytesPerSecond).catch(() => onward.destroy());
      return;
    }
    if (fault.kind !== 'cut-upload') {
      incoming.pipe(onward);
      return;
    }
    let passed = 0;
    incoming.on('data', (chunk: Buffer) => {
      onward.write(chunk);
      passed += chunk.length;
      if (passed < fault.afterBytes) return;
      incoming.removeAllListeners('data').pause();
      void (fault.then?.() ?? Promise.resolve()).finally(() => {
        onward.destroy();
        outgoing.destroy();
      });
    });
  };

  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (...wanted) => {
      faults = wanted;
    },
    get seen() {
      return seen;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Passes the body on at a steady pace, in pieces of a tenth of a second. */
async function trickle(
  incoming: IncomingMessage,
  onward: ClientRequest,
  bytesPerSecond: number,
): Promise<void> {
  const piece = Math.ceil(bytesPerSecond / 10);
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += piece) {
      onward.write(chunk.subarray(at, at + piece));
      await sleep(100);
    }
  }
  onward.end();
}
