import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';

/** A request that was really sent, to whichever service. */
export interface SentRequest {
  method: string;
  /** `https://10.0.0.1:6443/api/v1/pods?…`, or `unix:/var/run/docker.sock/containers/json`. */
  url: string;
  /** HTTP status; null until, or when, there is none. */
  status: number | null;
  /** Why there was no answer (`ECONNREFUSED`, `AbortError`); null: there was one. */
  failure: string | null;
}

/** As Node's HTTP client publishes them. */
const events = {
  start: 'http.client.request.start',
  error: 'http.client.request.error',
  answer: 'http.client.response.finish',
} as const;

/**
 * Watches what Node's HTTP client sends: what `explain` says it has asked is what it has asked, whichever adapter did, and
 * needs no second list.
 */
export class SentRequests implements Disposable {
  readonly #work = new AsyncLocalStorage<SentRequest[]>();
  readonly #sent = new WeakMap<ClientRequest, SentRequest>();

  constructor() {
    subscribe(events.start, this.#start);
    subscribe(events.error, this.#error);
    subscribe(events.answer, this.#answer);
  }

  /** What `work` resolves to, and the requests that it sent. */
  async during<T>(work: () => Promise<T>): Promise<{ result: T; sent: SentRequest[] }> {
    const sent: SentRequest[] = [];
    return { result: await this.#work.run(sent, work), sent };
  }

  [Symbol.dispose](): void {
    unsubscribe(events.start, this.#start);
    unsubscribe(events.error, this.#error);
    unsubscribe(events.answer, this.#answer);
  }

  readonly #start = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const entry: SentRequest = {
      method: request.method,
      url: urlOf(request),
      status: null,
      failure: null,
    };
    this.#sent.set(request, entry);
    this.#work.getStore()?.push(entry);
  };

  readonly #error = (message: unknown): void => {
    const { request, error } = message as { request: ClientRequest; error: Error & { code?: unknown } };
    const entry = this.#sent.get(request);
    if (entry !== undefined) entry.failure = typeof error.code === 'string' ? error.code : error.name;
  };

  readonly #answer = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const entry = this.#sent.get(request);
    if (entry !== undefined) entry.status = response.statusCode ?? null;
  };
}

function urlOf(request: ClientRequest & { socketPath?: string }): string {
  const { socketPath, protocol, path } = request;
  const place =
    typeof socketPath === 'string'
      ? `unix:${socketPath}`
      : `${protocol}//${String(request.getHeader('host') ?? request.host)}`;
  return `${place}${readable(path)}`;
}

function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
