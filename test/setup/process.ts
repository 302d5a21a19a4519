import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that a test started: its output so far, and the way to end it by its pid. */
export interface Started {
  process: ChildProcess;
  output: () => string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program and keeps the last 64 KiB of what it says. */
export function start(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Started {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-65_536);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => {
    output += `\n${command}: ${error.message}`;
  });
  return {
    process: child,
    output: () => output,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Waits until `look` gives something, at most `ms`; `what` and the program's output stand in the error. */
export async function waitFor<T>(
  what: string,
  ms: number,
  look: () => Promise<T | undefined> | T | undefined,
  output = () => '',
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}\n${output()}`);
    await sleep(50);
  }
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Resolves once a GET answers 2xx. */
export async function answers(url: string, ms: number, started: Started): Promise<void> {
  await waitFor(
    url,
    ms,
    async () => {
      if (started.process.exitCode !== null)
        throw new Error(`ended with ${started.process.exitCode}\n${started.output()}`);
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
      await response?.arrayBuffer();
      return response?.ok === true ? true : undefined;
    },
    started.output,
  );
}
