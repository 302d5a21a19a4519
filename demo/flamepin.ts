import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** flamepin itself as a child process, for the demo and for tests: started, listened to, stopped by its pid. */
export interface RunningFlamepin {
  /** `http://127.0.0.1:PORT` */
  url: string;
  pid: number;
  /** Its log, one parsed line an entry, the last 2,000. */
  log: readonly LogEntry[];
  /** The first 100 lines on stdout and stderr that are no log entries. */
  otherOutput: readonly string[];
  stop(): Promise<void>;
  /** Once it has ended: its exit code; null when a signal ended it. */
  exitCode(): number | null;
  /** As the kernel ends it when memory is short: SIGKILL. */
  kill(): Promise<void>;
}

const logEntry = z.looseObject({ level: z.string(), msg: z.string() });
export type LogEntry = z.infer<typeof logEntry>;

const logKept = 2_000;
const startMs = 60_000;
/** Its own grace is 29 s, for a step that will not end. */
const stopMs = 35_000;

/**
 * Writes the configuration, starts `flamepin serve` with it and waits until it listens. `prefix` is a command that
 * runs it by exec, so that the pid stays: `unshare …`. `bin`: another flamepin than this clone's.
 */
export async function startFlamepin(
  directory: string,
  configuration: string,
  environment: NodeJS.ProcessEnv = process.env,
  prefix: readonly string[] = [],
  bin: string = join(import.meta.dirname, '..', 'bin', 'flamepin.js'),
): Promise<RunningFlamepin> {
  const file = join(directory, 'flamepin.yaml');
  await writeFile(file, configuration);
  const [command = '', ...args] = [...prefix, process.execPath, bin, 'serve', '--config', file];
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: directory,
    env: environment,
  });
  const exited = once(child, 'exit');
  const log: LogEntry[] = [];
  const otherOutput: string[] = [];
  const keep = (line: string): void => {
    if (otherOutput.length < 100) otherOutput.push(line);
  };
  createInterface({ input: child.stderr }).on('line', keep);
  const { promise: listening, resolve, reject } = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = parseEntry(line);
    if (entry === undefined) {
      keep(line);
      return;
    }
    log.push(entry);
    if (log.length > logKept) log.shift();
    if (entry.msg === 'listening') resolve(z.number().parse(entry['port']));
  });
  const said = (): string =>
    [...otherOutput, ...log.slice(-20).map((entry) => JSON.stringify(entry))].join('\n');
  void exited.then(([code]) =>
    reject(new Error(`flamepin ended with ${code} before it listened\n${said()}`)),
  );
  const patience = setTimeout(() => reject(new Error(`flamepin does not listen\n${said()}`)), startMs);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
    await exited;
    clearTimeout(timer);
  };
  try {
    const url = `http://127.0.0.1:${await listening}`;
    return {
      url,
      pid: child.pid ?? 0,
      log,
      otherOutput,
      stop: () => end('SIGTERM'),
      exitCode: () => child.exitCode,
      kill: () => end('SIGKILL'),
    };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  } finally {
    clearTimeout(patience);
  }
}

function parseEntry(line: string): LogEntry | undefined {
  try {
    return logEntry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
