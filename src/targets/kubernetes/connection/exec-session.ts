import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { asFailure, Failure } from '../../../reasons/failure.ts';
import { CommandOutput } from '../../command-output.ts';
import type { ExecTiming } from './exec-timing.ts';

/** How a session ended: by the command, by the server that could not run it, or by the connection. */
export type SessionEnd =
  | { kind: 'exit'; exitCode: number }
  | { kind: 'refused'; detail: string }
  | { kind: 'dropped'; detail: string };

const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;
const stdinFrameBytes = 32 * 1024;
/** How much of stdin may be buffered for the connection, bytes. */
const maxBufferedBytes = 256 * 1024;
const drainPollMilliseconds = 5;

/** metav1.Status, as far as it is read. */
const statusSchema = z.object({
  status: z.enum(['Success', 'Failure']),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z
    .object({
      causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })).optional(),
    })
    .optional(),
});

/** The frames of one exec on an open connection: one byte of channel, then data. */
export class ExecSession {
  readonly #socket: WebSocket;
  readonly #output: CommandOutput;
  readonly #timing: ExecTiming;
  #lastActivity = performance.now();
  #sending = false;
  readonly #firstOutput = Promise.withResolvers<void>();

  constructor(socket: WebSocket, maxOutputBytes: number, timing: ExecTiming) {
    this.#socket = socket;
    this.#output = new CommandOutput(maxOutputBytes);
    this.#timing = timing;
  }

  get stdout(): Buffer {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  /**
   * Sends all of stdin and its end, no faster than the other side takes it; stops when the connection ends, which `ended`
   * reports. With `whenAsked` it never settles if the command ends without output.
   */
  async send(stdin: Uint8Array, whenAsked: boolean): Promise<void> {
    if (whenAsked) await this.#firstOutput.promise;
    this.#sending = true;
    for (let at = 0; at < stdin.length; at += stdinFrameBytes) {
      if (this.#socket.readyState !== this.#socket.OPEN) return;
      this.#socket.send(Buffer.concat([Buffer.of(channels.stdin), stdin.subarray(at, at + stdinFrameBytes)]));
      while (this.#full()) await this.#progress();
    }
    if (this.#socket.protocol === 'v5.channel.k8s.io')
      this.#socket.send(Buffer.of(channels.close, channels.stdin));
    this.#sending = false;
    this.#lastActivity = performance.now();
  }

  #full(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount > maxBufferedBytes;
  }

  async #progress(): Promise<void> {
    const before = this.#socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, drainPollMilliseconds));
    if (this.#socket.bufferedAmount < before) this.#lastActivity = performance.now();
  }

  /** Always settles: on the status, the end of the connection, silence, a malformed frame, or abort. */
  ended(signal: AbortSignal): Promise<SessionEnd> {
    const socket = this.#socket;
    return new Promise<SessionEnd>((resolve, reject) => {
      const heartbeat = setInterval(() => {
        if (performance.now() - this.#lastActivity > this.#timing.silence)
          settle(() => {
            reject(new Failure('exec-timeout', { detail: 'the connection is silent' }));
          });
        // The server answers no ping while it waits for the command to take stdin.
        else if (!this.#sending) socket.ping();
      }, this.#timing.heartbeat);
      const abandon = (): void => {
        settle(() => {
          reject(new Failure('exec-timeout', { cause: signal.reason }));
        });
      };
      const settle = (outcome: () => void): void => {
        clearInterval(heartbeat);
        signal.removeEventListener('abort', abandon);
        socket.off('message', receive);
        outcome();
      };
      const receive = (data: RawData, isBinary: boolean): void => {
        this.#lastActivity = performance.now();
        try {
          const end = this.#frame(data, isBinary);
          if (end !== null)
            settle(() => {
              resolve(end);
            });
        } catch (error) {
          settle(() => {
            reject(asFailure(error));
          });
        }
      };
      signal.addEventListener('abort', abandon, { once: true });
      socket.on('message', receive);
      socket.on('pong', () => {
        this.#lastActivity = performance.now();
      });
      let broken = '';
      socket.on('error', ({ message }) => {
        broken = `, ${message}`;
      });
      socket.once('close', (code) => {
        settle(() => {
          resolve({ kind: 'dropped', detail: `the connection closed without a status (${code}${broken})` });
        });
      });
      if (signal.aborted) abandon();
      socket.resume();
    });
  }

  #frame(data: RawData, isBinary: boolean): SessionEnd | null {
    if (!isBinary || !Buffer.isBuffer(data) || data.length === 0) throw malformed('not a binary frame');
    const content = data.subarray(1);
    switch (data[0]) {
      case channels.stdout:
        this.#output.addStdout(content);
        // The server opens each channel with an empty frame before it contacts the kubelet.
        if (content.length > 0) this.#firstOutput.resolve();
        return null;
      case channels.stderr:
        this.#output.addStderr(content);
        return null;
      case channels.status:
        return sessionEnd(content);
      case channels.close:
        return null;
      default:
        throw malformed(`channel ${data[0] ?? ''}`);
    }
  }
}

function sessionEnd(content: Buffer): SessionEnd {
  let json: unknown;
  try {
    json = JSON.parse(content.toString());
  } catch {
    throw malformed('the status is not JSON');
  }
  const parsed = statusSchema.safeParse(json);
  if (!parsed.success) throw malformed('the status is not a Kubernetes Status');
  const status = parsed.data;
  if (status.status === 'Success') return { kind: 'exit', exitCode: 0 };
  const code = status.details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message ?? '';
  if (status.reason === 'NonZeroExitCode' && /^\d{1,3}$/.test(code))
    return { kind: 'exit', exitCode: Number(code) };
  return { kind: 'refused', detail: (status.message ?? status.reason ?? 'Failure').slice(0, 1000) };
}

function malformed(detail: string): Failure {
  return new Failure('exec-disconnected', { detail: `the answer makes no sense: ${detail}` });
}
