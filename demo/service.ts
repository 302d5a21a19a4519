import { execFile, spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The demo shop (demo/java) for demonstrations and tests: compile, start, switch its faults, stop. */

const sources = join(import.meta.dirname, 'java', 'com', 'acme');
export const demoMainClass = 'com.acme.shop.ShopApplication';

/** javac needs 2 to 4 s on two busy cores; a start about 1 s. */
const compileMilliseconds = 120_000;
const startMilliseconds = 60_000;
const stopMilliseconds = 5_000;

export type DemoFault = 'slow' | 'burn' | 'lock' | 'pool' | 'alloc' | 'io';

export interface DemoService {
  readonly pid: number;
  readonly port: number;
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** Turns a fault on or off; without a strength its default (see demo/java/com/acme/shop/Switches.java). */
  switch(name: DemoFault, on: boolean, strength?: number): Promise<void>;
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>;
}

export interface DemoServiceOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** Requests per second that it sends to itself; 0 by default. */
  load?: number;
  /** Rules checked per cart: decides the CPU per request. */
  work?: number;
  /** Before the class path; by default a small heap. */
  jvmArguments?: readonly string[];
  java?: string;
  environment?: NodeJS.ProcessEnv;
}

/**
 * Compiles the demo service with debug information into `directory`, which is made when missing.
 * @param directory class directory; pass it to `startDemoService`.
 * @param javac the compiler to use, a JDK 17 or later.
 */
export async function compileDemoService(directory: string, javac = 'javac'): Promise<string> {
  await mkdir(directory, { recursive: true });
  const files: string[] = [];
  for (const folder of ['shop', 'load']) {
    const names = await readdir(join(sources, folder));
    files.push(...names.filter((name) => name.endsWith('.java')).map((name) => join(sources, folder, name)));
  }
  await promisify(execFile)(javac, ['-g', '-d', directory, ...files], { timeout: compileMilliseconds });
  return directory;
}

/** Starts the compiled service and waits until it listens; throws with its output when it does not. */
export async function startDemoService(
  classes: string,
  options: DemoServiceOptions = {},
): Promise<DemoService> {
  const child = spawn(
    options.java ?? 'java',
    [
      ...(options.jvmArguments ?? ['-Xmx64m']),
      '-cp',
      classes,
      demoMainClass,
      ...['--port', String(options.port ?? 0), '--load', String(options.load ?? 0)],
      ...(options.work === undefined ? [] : ['--work', String(options.work)]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], ...(options.environment && { env: options.environment }) },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), stopMilliseconds);
    await ended;
    clearTimeout(patience);
  };
  try {
    const port = await listeningPort(child.stdout, child.stderr, ended);
    const url = `http://127.0.0.1:${port}`;
    return {
      pid: child.pid ?? 0,
      port,
      url,
      stop,
      switch: (name, on, strength) => throwSwitch(url, name, on, strength),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listeningPort(
  stdout: NodeJS.ReadableStream,
  stderr: NodeJS.ReadableStream,
  ended: Promise<void>,
): Promise<number> {
  const said: string[] = [];
  const note = (line: string): void => {
    if (said.length < 50) said.push(line);
  };
  createInterface({ input: stderr }).on('line', note);
  return await new Promise<number>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(patience);
      reject(new Error(`the demo service ${why}\n${said.join('\n')}`));
    };
    const patience = setTimeout(() => {
      fail(`did not listen within ${startMilliseconds} ms`);
    }, startMilliseconds);
    createInterface({ input: stdout }).on('line', (line) => {
      note(line);
      const port = /^listening (\d+)$/.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(patience);
      resolve(Number(port));
    });
    void ended.then(() => {
      fail('ended before it listened');
    });
  });
}

async function throwSwitch(url: string, name: DemoFault, on: boolean, strength?: number): Promise<void> {
  const query = new URLSearchParams({
    name,
    on: String(on),
    ...(strength !== undefined && { strength: String(strength) }),
  });
  const answer = await fetch(`${url}/switch?${query.toString()}`, {
    method: 'POST',
    signal: AbortSignal.timeout(60_000),
  });
  if (!answer.ok) throw new Error(`switch ${name}: ${answer.status} ${await answer.text()}`);
}
