import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from './process.ts';

/** A control group of its own, in which the kernel ends what takes more memory. */
export interface MemoryLimit extends AsyncDisposable {
  /** A command that runs another one in it by exec. */
  prefix: readonly string[];
  /** How often the kernel ended a process in it. */
  kills(): Promise<number>;
}

/** Needs root and the control groups of version 1 or 2; rejects where they can't be had. */
export async function memoryLimit(bytes: number): Promise<MemoryLimit> {
  const root = '/sys/fs/cgroup';
  const two = existsSync(join(root, 'cgroup.controllers'));
  const group = join(root, two ? '' : 'memory', `flamepin-test-${randomUUID()}`);
  if (two) await writeFile(join(root, 'cgroup.subtree_control'), '+memory');
  await mkdir(group);
  await writeFile(join(group, two ? 'memory.max' : 'memory.limit_in_bytes'), String(bytes));
  return {
    prefix: ['sh', '-c', 'echo $$ >"$1" && shift && exec "$@"', 'sh', join(group, 'cgroup.procs')],
    kills: async () => {
      const events = await readFile(join(group, two ? 'memory.events' : 'memory.oom_control'), 'utf8');
      return Number(/^oom_kill (\d+)$/m.exec(events)?.[1]);
    },
    [Symbol.asyncDispose]: () =>
      // What was ended leaves it a moment later.
      waitFor('the end of the control group', 10_000, () =>
        rmdir(group).then(
          () => true,
          () => undefined,
        ),
      ).then(() => undefined),
  };
}
