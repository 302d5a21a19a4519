import * as http from 'node:http';
import * as https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../reasons/failure.ts';
import type { ClusterAccess } from './access.ts';
import { authenticate } from './authenticate.ts';

export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute path, already encoded: use `apiPath`. */
  path: string;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** A response, successful or not; what an error status means depends on the request. */
export interface ApiAnswer {
  status: number;
  body: unknown;
}

/** Requests to one API server, over a few kept-alive connections. */
export interface KubernetesApi {
  readonly access: ClusterAccess;
  /**
   * Sends one request. Any status below 500 except 401, 403 and 429 is an answer. Rejects with exec-denied (401,
   * 403), exec-unavailable (no connection, 5xx, 429 for too long), exec-timeout.
   */
  send(request: ApiRequest): Promise<ApiAnswer>;
  /** The object, or undefined when there is none (404). Other refusals reject with exec-unavailable. */
  get(path: string, query?: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<unknown>;
}

/** One request with its retries; a healthy API server answers a GET in milliseconds. */
const deadlineMilliseconds = 10_000;
/** A list of 500 pods is about 5 MB. */
const maxAnswerBytes = 32 * 1024 * 1024;
/** When the server's fairness queue refuses without saying for how long. */
const defaultRetryAfterSeconds = 1;

/** A path from its parts, each encoded: `apiPath('api', 'v1', 'namespaces', name)`. */
export function apiPath(...parts: string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

export function kubernetesApi(access: ClusterAccess): KubernetesApi {
  const send = async (request: ApiRequest): Promise<ApiAnswer> => {
    const deadline = AbortSignal.timeout(deadlineMilliseconds);
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    try {
      for (;;) {
        const answer = await once(access, request, signal);
        if (answer.status !== 429) return accepted(request, answer);
        // API Priority and Fairness asks to retry; the deadline below bounds the wait.
        await sleep((answer.retryAfterSeconds ?? defaultRetryAfterSeconds) * 1000, undefined, { signal });
      }
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      const detail = `${request.method ?? 'GET'} ${request.path}`;
      if (request.signal?.aborted) throw new Failure('exec-disconnected', { detail, cause });
      if (deadline.aborted) throw new Failure('exec-timeout', { detail, cause });
      throw new Failure('exec-unavailable', { detail: `${detail}: ${(cause as Error).message}`, cause });
    }
  };
  return {
    access,
    send,
    get: async (path, query = {}, signal) => {
      const answer = await send({ path, query, ...(signal && { signal }) });
      if (answer.status === 404) return undefined;
      if (answer.status >= 300)
        throw new Failure('exec-unavailable', { detail: `GET ${path}: ${statusMessage(answer)}` });
      return answer.body;
    },
  };
}

/** What the API server says in its Status object. */
export function statusMessage(answer: ApiAnswer): string {
  const { body } = answer;
  const said = typeof body === 'object' && body !== null && 'message' in body ? body.message : '';
  return typeof said === 'string' && said !== '' ? said : `HTTP ${answer.status}`;
}

interface RawAnswer extends ApiAnswer {
  retryAfterSeconds: number | null;
}

function accepted(request: ApiRequest, answer: RawAnswer): ApiAnswer {
  const detail = statusMessage(answer);
  if (answer.status === 401 || answer.status === 403) throw new Failure('exec-denied', { detail });
  if (answer.status >= 500) throw new Failure('exec-unavailable', { detail: `${request.path}: ${detail}` });
  return answer;
}

async function once(access: ClusterAccess, request: ApiRequest, signal: AbortSignal): Promise<RawAnswer> {
  const { headers, agent } = await authenticate(access, signal);
  const query = new URLSearchParams(request.query).toString();
  const url = new URL(`${access.server}${request.path}${query === '' ? '' : `?${query}`}`);
  const body = request.body === undefined ? null : Buffer.from(JSON.stringify(request.body));
  const attempt = (): Promise<RawAnswer> =>
    new Promise((resolve, reject) => {
      const sent = (url.protocol === 'http:' ? http : https).request(url, {
        method: request.method ?? 'GET',
        agent,
        signal,
        headers: {
          ...headers,
          accept: 'application/json',
          ...(body && {
            'content-type': request.contentType ?? 'application/json',
            'content-length': body.length,
          }),
        },
      });
      sent.once('response', (response) => {
        readBody(response).then(resolve, reject);
      });
      sent.once('error', (error) => {
        reject(sent.reusedSocket ? new StaleConnection(error) : error);
      });
      sent.end(body ?? undefined);
    });
  try {
    return await attempt();
  } catch (error) {
    // The server closed an idle connection just as it was reused: nothing was processed.
    if (error instanceof StaleConnection && !signal.aborted && body === null) return await attempt();
    throw error;
  }
}

class StaleConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

async function readBody(response: http.IncomingMessage): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxAnswerBytes) throw new Error('the answer is larger than 32 MiB');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const retryAfter = Number(response.headers['retry-after']);
  return {
    status: response.statusCode ?? 0,
    body: parseJson(text),
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null,
  };
}

/** A proxy in between may answer in HTML; then its text becomes the message. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { message: text.slice(0, 500) };
  }
}
