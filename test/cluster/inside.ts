import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Pod } from '../../src/targets/kubernetes/objects.ts';

/** What is in a pod's container, seen from the machine: it needs no shell in there and leaves no trace. */
export interface Inside {
  /** Every file and directory but those of the kernel and the JVM's own performance data, sorted. */
  files: string[];
  /** Names of the processes that see the same files as the JVM, sorted; one that has ended but is not reaped as well. */
  processes: string[];
}

/** Looks into the container of this pod that runs a JVM. */
export function inside(pod: Pod): Inside {
  const pid = jvmOf(pod);
  const view = `/proc/${pid}/root`;
  const listed = execFileSync(
    'find',
    [
      `${view}/`,
      ...['proc', 'sys', 'dev'].flatMap((name) => ['-path', `${view}/${name}`, '-prune', '-o']),
    ].concat(['(', '-type', 'f', '-o', '-type', 'd', ')', '-print']),
    { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
  );
  const files = listed
    .split('\n')
    .map((path) => path.slice(view.length))
    .filter((path) => path !== '' && !path.includes('hsperfdata'));
  const mounts = readlinkSync(`/proc/${pid}/ns/mnt`);
  const processes = pids()
    // What has ended and is not reaped sees no files any more, but has a parent.
    .filter((each) => namespaceOf(each) === mounts || parentOf(each) === pid)
    .map((each) => readFileSync(`/proc/${each}/comm`, 'utf8').trim());
  return { files: files.sort(), processes: processes.sort() };
}

/** CPU time that the pod's JVM has used since its start, seconds. */
export function cpuSeconds(pod: Pod): number {
  const stat = readFileSync(`/proc/${jvmOf(pod)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Clock ticks of 10 ms: the 14th and 15th field of all, of which two are cut off.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The JVM's process id on this machine: the container runtime names every process's pod in its environment. */
function jvmOf(pod: Pod): number {
  const found = pids().find((pid) => {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'java\n') return false;
      return readFileSync(`/proc/${pid}/environ`, 'utf8')
        .split('\0')
        .includes(`HOSTNAME=${pod.metadata.name}`);
    } catch {
      // It has ended since.
      return false;
    }
  });
  if (found === undefined) throw new Error(`no JVM runs in ${pod.metadata.name}`);
  return found;
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return '';
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}
