import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { profilerVersion } from '../../src/profiler/pinned.ts';

/** What profiling leaves to be seen on this machine, looked at without flamepin. */

const architecture = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';
const temporary = ['/tmp', '/var/tmp', '/dev/shm'];

/** Paths in the temporary directories that belong to flamepin's captures or to asprof, of one JVM and one capture. */
export function leftOf(pid: number, captureId: string): string[] {
  return temporary.flatMap((base) =>
    readdirSync(base)
      .filter(
        (name) =>
          name.startsWith(`flamepin-jvm-${pid}-`) ||
          name === `flamepin-${captureId}` ||
          (name.startsWith('asprof') && name.endsWith(`.${pid}`)),
      )
      .map((name) => join(base, name)),
  );
}

/** Asks the agent in a JVM whether a session runs. Throws when no library of flamepin's lies beside that JVM. */
export function isBeingProfiled(pid: number): boolean {
  const tools = leftOf(pid, '').find((path) => path.includes('flamepin-jvm-'));
  if (tools === undefined) throw new Error(`there is no agent beside JVM ${pid}`);
  const asprof = join(cacheDirectory, 'async-profiler', profilerVersion, architecture, 'asprof');
  const { stdout, stderr } = spawnSync(
    asprof,
    ['status', '--libpath', join(tools, 'libasyncProfiler.so'), String(pid)],
    { encoding: 'utf8', timeout: 10_000 },
  );
  const said = stdout + stderr;
  if (said.includes('Profiling is running')) return true;
  if (said.includes('Profiler is not active')) return false;
  throw new Error(`asprof status: ${said}`);
}
