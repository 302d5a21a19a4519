import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { toolsDirectory } from '../contract/profiler-session.ts';

const temporary = ['/tmp', '/var/tmp', '/dev/shm'];

/**
 * What flamepin or async-profiler left in the file system for these JVMs and captures. Only theirs: other JVMs of this
 * machine may be profiled at the same time.
 */
export function filesLeft(pids: readonly number[], captureIds: ReadonlySet<string>): string[] {
  const ofJvm = new RegExp(
    `^(flamepin-jvm-(${pids.join('|')})-\\d+|asprof.*\\.(${pids.join('|')})|\\.attach_pid(${pids.join('|')}))$`,
  );
  const places = [...temporary, ...pids.flatMap((pid) => workingDirectory(pid))];
  const found = places.flatMap((place) =>
    readdirSync(place)
      .filter(
        (name) => ofJvm.test(name) || captureIds.has(/^\.?flamepin-(c-[0-9a-z]{26})$/.exec(name)?.[1] ?? ''),
      )
      .map((name) => join(place, name)),
  );
  return [...new Set(found)];
}

/** An attach file is made in the JVM's working directory when it can be. */
function workingDirectory(pid: number): string[] {
  try {
    return [readlinkSync(`/proc/${pid}/cwd`)];
  } catch {
    return [];
  }
}

/** What asprof says of each library of async-profiler in a JVM that does not say `not active`; also when it has ended. */
export function activeSessions(pid: number): string[] {
  const maps = mapsOf(pid);
  if (maps === null) return [`JVM ${pid} has ended`];
  const libraries = new Set([...maps.matchAll(/ (\/\S*libasyncProfiler\.so)/g)].map(([, path = '']) => path));
  return [...libraries].flatMap((library) => {
    const { stdout, stderr } = spawnSync(
      join(toolsDirectory(), 'asprof'),
      ['status', '--libpath', library, String(pid)],
      { encoding: 'utf8', timeout: 20_000 },
    );
    const said = stdout + stderr;
    return said.includes('is not active') ? [] : [`JVM ${pid}, ${library}: ${said.trim() || 'no answer'}`];
  });
}

/** null when the process has ended. */
function mapsOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return null;
  }
}

/** Commands of flamepin's scripts that still run for one of these captures: `PID COMMAND`. */
export function processesLeft(captureIds: ReadonlySet<string>): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      let words: string[] = [];
      try {
        words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      } catch {
        // It has ended since.
      }
      const ours = words.some((word) => captureIds.has(/c-[0-9a-z]{26}/.exec(word)?.[0] ?? ''));
      return ours ? [`${pid} ${words.slice(3).join(' ').slice(0, 200)}`] : [];
    });
}
