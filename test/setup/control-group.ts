import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A control group of a test, in a real hierarchy of this machine. */
export interface ControlGroup {
  /** Where its files are. */
  directory: string;
  /** Its path within the hierarchy, as /proc/PID/cgroup has it. */
  path: string;
  /** What runs a program in it by exec, so that the pid stays. */
  enter: readonly string[];
  read(file: string): string;
  write(file: string, value: string | number): void;
  add(pid: number): void;
  /** Fails when a process is still in it. */
  remove(): void;
}

const mounted = '/sys/fs/cgroup';
const unified = existsSync(join(mounted, 'cgroup.controllers'));

/**
 * Makes a group for a controller: v1's own hierarchy where that is mounted, else v2. `two` takes the v2 hierarchy that
 * lies beside v1.
 */
export function controlGroup(
  controller: 'pids' | 'freezer' | 'cpu' | 'memory' | 'two',
  name: string,
): ControlGroup {
  const hierarchy = unified ? mounted : join(mounted, controller === 'two' ? 'unified' : controller);
  if (!existsSync(join(hierarchy, 'cgroup.procs')))
    throw new Error(`${hierarchy} is no control group hierarchy: mount it for this test`);
  const path = `/${name}`;
  const directory = join(hierarchy, path);
  mkdirSync(directory, { recursive: true });
  if (unified && controller !== 'two' && controller !== 'freezer')
    for (let at = dirname(directory); at.startsWith(hierarchy); at = dirname(at))
      writeFileSync(join(at, 'cgroup.subtree_control'), `+${controller}`);
  const procs = join(directory, 'cgroup.procs');
  return {
    directory,
    path,
    enter: ['sh', '-c', 'echo $$ >"$0" && exec "$@"', procs],
    read: (file) => readFileSync(join(directory, file), 'utf8').trim(),
    write: (file, value) => {
      writeFileSync(join(directory, file), String(value));
    },
    add: (pid) => {
      writeFileSync(procs, String(pid));
    },
    remove: () => {
      // The kernel lets a group go a moment after its last process.
      for (let tries = 0; ; tries++) {
        try {
          rmdirSync(directory);
          return;
        } catch (error) {
          if (tries === 100) throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        }
      }
    },
  };
}
