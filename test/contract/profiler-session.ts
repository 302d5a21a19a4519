import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asyncProfiler, type Profiler } from '../../src/profiler/profiler.ts';
import { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import { cacheDirectory } from '../setup/cache.ts';
import type { Session } from '../../src/profiler/session.ts';

const architecture = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';
const script = join(import.meta.dirname, '../../src/profiler/async-profiler.sh');

let kept: Profiler | undefined;
/** The profiler under test, with async-profiler from the cache or wherever the script finds it. */
export function profiler(): Profiler {
  kept ??= asyncProfiler(null, cacheDirectory);
  return kept;
}

let directory: string | undefined;
/** Where asprof and its library lie. */
export function toolsDirectory(): string {
  if (directory === undefined) {
    const { status, stdout, stderr } = spawnSync('sh', [script, architecture], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    directory = stdout.trim();
  }
  return directory;
}

/** Asks the agent in a JVM, by the path it was loaded from, whether it is profiling. */
export function active(pid: number, session: Session): Promise<boolean> {
  const library = session.leftovers.find((path) => path.includes('flamepin-jvm-')) ?? '';
  const status = asprof('status', '--libpath', join(library, 'libasyncProfiler.so'), String(pid));
  assert.match(status, /Profiling is running|Profiler is not active/);
  return Promise.resolve(status.includes('is running'));
}

/** Runs asprof on this machine; what it said on both streams. */
export function asprof(...args: string[]): string {
  const { stdout, stderr } = spawnSync(join(toolsDirectory(), 'asprof'), args, {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return stdout + stderr;
}

/** Paths of ours, or of asprof, that belong to a process and are still in the file system. */
export function ours(pid: number): string[] {
  return ['/tmp', '/var/tmp', '/dev/shm'].flatMap((base) =>
    readdirSync(base)
      .filter(
        (name) =>
          name.startsWith(`flamepin-jvm-${pid}-`) || (name.startsWith('asprof') && name.endsWith(`.${pid}`)),
      )
      .map((name) => join(base, name)),
  );
}

export async function failsWith(code: ReasonCode, pending: Promise<unknown>): Promise<Failure> {
  const ended: unknown = await pending.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(ended instanceof Error);
  assert.ok(ended instanceof Failure, `expected ${code}: ${ended.message}`);
  assert.equal(ended.code, code, `${ended.message}\n${ended.stderr}`);
  return ended;
}

/**
 * On a busy machine sixteen processes may take longer than the script waits. It refuses then too, as it does not know
 * whether there is room, and the same start is to be tried again.
 */
export async function unlessSlow<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const slow = error instanceof Failure && error.code === 'exec-timeout';
      if (!slow || tries === 10) throw error;
    }
  }
}
