import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Exec, ExecRequest, ExecResult } from '../../profiler/exec.ts';
import { CommandOutput } from '../command-output.ts';
import type { Engine } from './engine.ts';
import { inspectContainer } from './containers.ts';
import { messageOf } from './engine.ts';
import { FrameReader } from './raw-stream.ts';

const createdSchema = z.object({ Id: z.string() });
const stateSchema = z.object({
  Running: z.boolean(),
  ExitCode: z.number().nullable(),
  /** 0: no process was ever started; Podman also writes it once the process has ended. */
  Pid: z.number().optional(),
});

/** What the engine notes for a program that is not there or cannot be executed. */
const neverStarted: ReadonlySet<number> = new Set([126, 127]);
/** The engine notes the end of a command a moment after its output ended; milliseconds. */
const endPollMs = 10;
const mostEndPolls = 300;

/**
 * Commands in one container, each over a connection of its own. Resolves once the engine has noted the exit code. A
 * command that is given up on lives on in the container: the API cannot end it.
 * @param container its id, not its name: a new container may have the same name
 * @param user `uid:gid`; undefined: the container's own
 */
export function dockerExec(engine: Engine, container: string, user?: string): Exec {
  return {
    run: async (request) => {
      const deadline = AbortSignal.timeout(request.deadlineMs);
      const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
      const detail = `container ${container.slice(0, 12)} on ${engine.name}`;
      try {
        signal.throwIfAborted();
        return await runOnce(engine, { container, user }, request, signal);
      } catch (cause) {
        if (request.signal?.aborted === true)
          throw new Failure('exec-disconnected', { detail: `${detail}: given up`, cause });
        if (deadline.aborted) throw new Failure('exec-timeout', { detail, cause });
        throw asFailure(cause);
      }
    },
  };
}

async function runOnce(
  engine: Engine,
  { container, user }: { container: string; user: string | undefined },
  request: ExecRequest,
  signal: AbortSignal,
): Promise<ExecResult> {
  const { argv, stdin } = request;
  const created = await engine.ask('POST', `/containers/${encodeURIComponent(container)}/exec`, {
    body: { AttachStdin: stdin !== undefined, AttachStdout: true, AttachStderr: true, Cmd: argv, User: user },
    signal,
  });
  if (created.status !== 201) throw refusal(created);
  const id = encodeURIComponent(createdSchema.parse(created.body).Id);
  const socket = await engine.attach(`/exec/${id}/start`, signal);
  if (!('pipe' in socket)) throw refusal(socket);
  const output = new CommandOutput(request.maxOutputBytes);
  try {
    await transfer(socket, request, output, () => stateOf(engine, id, signal), signal);
  } finally {
    socket.destroy();
  }
  const { stdout, stderr } = output;
  for (let poll = 0; poll < mostEndPolls; poll++) {
    const { Running, ExitCode, Pid } = await stateOf(engine, id, signal);
    if (!Running && ExitCode !== null) {
      if (Pid === 0 && neverStarted.has(ExitCode))
        throw new Failure('no-shell', { detail: argv[0], stderr: stdout.toString('utf8') });
      return { exitCode: ExitCode, stdout, stderr };
    }
    if (poll === 0 && (await inspectContainer(engine, container, signal))?.State.Running !== true)
      throw new Failure('target-gone', { detail: `container ${container.slice(0, 12)} has ended`, stderr });
    await sleep(endPollMs, undefined, { signal });
  }
  throw new Failure('exec-disconnected', { detail: 'the connection ended before the command', stderr });
}

async function stateOf(
  engine: Engine,
  exec: string,
  signal: AbortSignal,
): Promise<z.infer<typeof stateSchema>> {
  const answer = await engine.ask('GET', `/exec/${exec}/json`, { signal });
  if (answer.status !== 200) throw refusal(answer);
  return stateSchema.parse(answer.body);
}

/**
 * Sends stdin and its end, and takes the output until the engine closes the connection. What asks for stdin may be the
 * engine itself, saying that there is no such program: its connection would never end if stdin were sent to it.
 */
async function transfer(
  socket: Socket,
  { stdin, stdinWhenAsked }: ExecRequest,
  output: CommandOutput,
  state: () => Promise<{ Running: boolean }>,
  signal: AbortSignal,
): Promise<void> {
  const frames = new FrameReader(output);
  await new Promise<void>((resolve, reject) => {
    const abandon = (): void => reject(new Failure('exec-timeout', { cause: signal.reason }));
    signal.addEventListener('abort', abandon, { once: true });
    socket.once('close', () => {
      signal.removeEventListener('abort', abandon);
      resolve();
    });
    let held = stdin !== undefined && stdinWhenAsked === true;
    socket.on('data', (piece: Buffer) => {
      try {
        frames.add(piece);
      } catch (error) {
        reject(asFailure(error));
        return;
      }
      if (!held) return;
      held = false;
      state().then(({ Running }) => {
        if (Running && stdin !== undefined) socket.end(stdin);
        else socket.end();
      }, reject);
    });
    // A command that ends without reading it closes the connection; what it wrote is here by then.
    if (stdin !== undefined && !held) socket.end(stdin);
    if (signal.aborted) abandon();
  });
}

/** 404: no such container or exec; 409: it is paused or does not run. */
function refusal(answer: { status: number; body: unknown }): Failure {
  const detail = messageOf(answer);
  switch (answer.status) {
    case 404:
    case 409:
      return new Failure('target-gone', { detail });
    case 401:
    case 403:
      return new Failure('exec-denied', { detail });
    default:
      return new Failure('exec-unavailable', { detail });
  }
}
