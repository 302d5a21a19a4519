import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Failure } from '../../../reasons/failure.ts';
import type { Exec, ExecRequest, ExecResult } from '../../../profiler/exec.ts';
import { apiPath, statusMessage, type KubernetesApi } from './api.ts';
import { authenticate } from './authenticate.ts';
import { ExecSession } from './exec-session.ts';
import type { ExecSlots } from './exec-slots.ts';
import type { ExecTiming } from './exec-timing.ts';

/** One container of one pod. */
export interface ContainerPlace {
  namespace: string;
  pod: string;
  container: string;
}

export interface KubernetesExecOptions extends ContainerPlace {
  api: KubernetesApi;
  slots: ExecSlots;
  /**
   * Whether the same container is still running; called when a command ended without an exit code. Distinguishes a missing
   * program from a container that is gone, which the API server's status does not.
   */
  running: (signal: AbortSignal) => Promise<boolean>;
  timing?: Partial<ExecTiming>;
}

const defaultTiming: ExecTiming = {
  handshake: 10_000,
  reopen: 3_000,
  heartbeat: 5_000,
  silence: 15_000,
};
/** Milliseconds, once to twice as long. */
const reopenPause = 150;
const refusalBodyBytes = 4096;
/** v5 tells the end of stdin apart from the end of the connection (Kubernetes 1.30 and later); v4 cannot. */
const v5 = 'v5.channel.k8s.io';
const v4 = 'v4.channel.k8s.io';

/**
 * Commands in a container, over one WebSocket each. Resolves only on the server's status frame; whatever else
 * ends the connection is a Failure, and every wait has a deadline. What was started in the container may live on.
 */
export function kubernetesExec(options: KubernetesExecOptions): Exec {
  const timing = { ...defaultTiming, ...options.timing };
  return {
    run: async (request) => {
      const deadline = AbortSignal.timeout(request.deadlineMs);
      const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
      try {
        signal.throwIfAborted();
        const release = await options.slots.take(signal);
        try {
          return await runOnce(options, request, timing, signal);
        } finally {
          release();
        }
      } catch (cause) {
        const detail = `${options.namespace}/${options.pod}/${options.container}`;
        if (request.signal?.aborted === true)
          throw new Failure('exec-disconnected', { detail: `${detail}: given up`, cause });
        if (deadline.aborted) throw new Failure('exec-timeout', { detail, cause });
        throw cause;
      }
    },
  };
}

async function runOnce(
  options: KubernetesExecOptions,
  request: ExecRequest,
  timing: ExecTiming,
  signal: AbortSignal,
): Promise<ExecResult> {
  const socket = await openSocket(options, request, timing, signal);
  try {
    const session = new ExecSession(socket, request.maxOutputBytes, timing);
    const ended = session.ended(signal);
    if (request.stdin !== undefined)
      await Promise.race([session.send(request.stdin, request.stdinWhenAsked ?? false), ended]);
    const end = await ended;
    if (end.kind === 'exit')
      return { exitCode: end.exitCode, stdout: session.stdout, stderr: session.stderr };
    const detail = end.detail;
    const stderr = session.stderr;
    if (!(await options.running(signal))) throw new Failure('target-gone', { detail, stderr });
    // The container runs and the server answered that it could not run the command: the program is not there.
    if (end.kind === 'refused') throw new Failure('no-shell', { detail, stderr });
    throw new Failure('exec-disconnected', { detail: `${options.container}: ${detail}`, stderr });
  } finally {
    // close() would wait up to 30 s for the peer's close frame.
    socket.terminate();
  }
}

/**
 * Opens the connection, retrying while the server asks to or is briefly unreachable. Nothing runs before the 101 response;
 * should that get lost, start.sh refuses to start twice for one capture.
 */
async function openSocket(
  options: KubernetesExecOptions,
  request: ExecRequest,
  timing: ExecTiming,
  signal: AbortSignal,
): Promise<WebSocket> {
  const retryUntil = performance.now() + timing.reopen;
  // With stdin the two protocols need different commands, so they are offered one after the other.
  let offered = request.stdin === undefined ? [v5, v4] : [v5];
  for (;;) {
    const opened = await attempt(options, request, offered, timing, signal);
    if (opened instanceof WebSocket) return opened;
    if (opened.status === 429) {
      await sleep(opened.retryAfterSeconds * 1000, undefined, { signal });
      continue;
    }
    if (!offered.includes(v4) && lacksProtocol(opened)) {
      offered = [v4];
      continue;
    }
    const detail = statusMessage(opened);
    // 422 is how an admission policy refuses.
    if ([401, 403, 422].includes(opened.status)) throw new Failure('exec-denied', { detail });
    if (opened.status === 404) throw new Failure('target-gone', { detail });
    if (opened.status === 400 && !(await options.running(signal)))
      throw new Failure('target-gone', { detail });
    const passing = opened.status === noStatus || opened.status >= 500;
    if (!passing || performance.now() > retryUntil) throw new Failure('exec-unavailable', { detail });
    // With jitter: others wait for the same server to come back.
    await sleep(reopenPause + Math.random() * reopenPause, undefined, { signal });
  }
}

/** In place of an HTTP status: the handshake itself failed. */
const noStatus = 0;

interface Refusal {
  status: number;
  body: unknown;
  retryAfterSeconds: number;
}

/**
 * How a server before 1.30 refuses v5 alone: 403 without a word (golang.org/x/net/websocket, when the handshake's
 * callback finds no protocol in common). RBAC and admission policies say why in a Status.
 */
function lacksProtocol({ status, body }: Refusal): boolean {
  const said = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  if (status === noStatus) return said.includes('subprotocol');
  return [400, 403].includes(status) && (said === '' || said.includes('protocol'));
}

async function attempt(
  options: KubernetesExecOptions,
  request: ExecRequest,
  offered: string[],
  timing: ExecTiming,
  signal: AbortSignal,
): Promise<WebSocket | Refusal> {
  const { headers, agent } = await authenticate(options.api.access, signal);
  signal.throwIfAborted();
  const url = execUrl(options, request, !offered.includes(v5));
  const socket = new WebSocket(url, offered, {
    headers,
    agent,
    handshakeTimeout: timing.handshake,
    perMessageDeflate: false,
    // One frame per turn of the event loop, so that a flood of tiny ones starves nothing else.
    allowSynchronousEvents: false,
    // The kubelet sends frames of 32 KiB.
    maxPayload: 1024 * 1024,
  });
  return await new Promise<WebSocket | Refusal>((resolve, reject) => {
    const abandon = (): void => {
      reject(new Failure('exec-timeout', { cause: signal.reason }));
      socket.terminate();
    };
    signal.addEventListener('abort', abandon, { once: true });
    const settled = (): void => {
      signal.removeEventListener('abort', abandon);
    };
    socket.once('open', () => {
      settled();
      // Frames that arrive before the session listens would be lost.
      socket.pause();
      resolve(socket);
    });
    socket.once('unexpected-response', (_request, response) => {
      readRefusal(response).then(resolve, reject).finally(settled);
    });
    socket.on('error', (cause) => {
      settled();
      resolve({ status: noStatus, body: { message: cause.message }, retryAfterSeconds: 0 });
    });
  });
}

function execUrl(options: KubernetesExecOptions, request: ExecRequest, endOfInputByCount: boolean): string {
  const { stdin, argv } = request;
  // Without a half-close the command's input would never end, and with a close its status would be lost.
  const command =
    stdin !== undefined && endOfInputByCount
      ? ['sh', '-c', 'n=$1; shift; head -c "$n" | "$@"', 'sh', String(stdin.length), ...argv]
      : argv;
  const query = new URLSearchParams({ container: options.container, stdout: 'true', stderr: 'true' });
  if (stdin !== undefined) query.set('stdin', 'true');
  for (const word of command) query.append('command', word);
  const path = apiPath('api', 'v1', 'namespaces', options.namespace, 'pods', options.pod, 'exec');
  return `${options.api.access.server.replace(/^http/, 'ws')}${path}?${query.toString()}`;
}

async function readRefusal(response: IncomingMessage): Promise<Refusal> {
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > refusalBodyBytes) break;
  }
  const retryAfter = Number(response.headers['retry-after']);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = { message: text.slice(0, 500) };
  }
  return {
    status: response.statusCode ?? 0,
    body,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : 1,
  };
}
