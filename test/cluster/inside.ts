import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';

/** What is in a pod's container, seen from the machine: it needs no shell in there and leaves no trace. */
export interface Inside {
  /** Every file and directory but those of kernel and kubelet and the JVM's own performance data, sorted. */
  files: string[];
  /** Names of the processes that see the same files as the JVM, sorted; one that has ended but is not reaped as well. */
  processes: string[];
}

/** start.sh may take its 20 s for the JVM's answer, and clean up afterwards. */
const settledMilliseconds = 60_000;

/** Below the root: what the kernel shows, and the account's token, which the kubelet lays anew when it likes. */
const notLookedAt = ['proc', 'sys', 'dev', 'var/run/secrets/kubernetes.io'];

/** Looks into the container of this pod that runs a JVM; what comes or goes meanwhile may be told of or not. */
export function inside(pod: Pod): Inside {
  const pid = jvmOf(pod);
  const view = `/proc/${pid}/root`;
  const files = filesBelow(`${view}/`)
    .map((path) => path.slice(view.length))
    .filter((path) => !path.includes('hsperfdata'));
  const mounts = readlinkSync(`/proc/${pid}/ns/mnt`);
  const processes = pids()
    // What has ended and is not reaped sees no files any more, but has a parent.
    .filter((each) => namespaceOf(each) === mounts || parentOf(each) === pid)
    .flatMap((each) => unlessGone(() => [readFileSync(`/proc/${each}/comm`, 'utf8').trim()]) ?? []);
  return { files: files.sort(), processes: processes.sort() };
}

/** Until the container is as it was. */
export async function asItWas(pod: Pod, before: Inside): Promise<void> {
  await until(pod, (seen) => seen, before);
}

/** Until no command of ours runs in the container: when its connection breaks it goes on, and bounds itself. */
export async function commandsOver(pod: Pod, before: Inside): Promise<void> {
  await until(pod, ({ processes }) => processes, before.processes);
}

async function until<T>(pod: Pod, part: (seen: Inside) => T, wanted: T): Promise<void> {
  const deadline = performance.now() + settledMilliseconds;
  for (;;) {
    const seen = part(inside(pod));
    if (isDeepStrictEqual(seen, wanted)) return;
    if (performance.now() > deadline) assert.deepEqual(seen, wanted);
    await sleep(500);
  }
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
    const comm = unlessGone(() => readFileSync(`/proc/${pid}/comm`, 'utf8'));
    if (comm !== 'java\n') return false;
    const environment = unlessGone(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
    return environment?.split('\0').includes(`HOSTNAME=${pod.metadata.name}`);
  });
  if (found === undefined) throw new Error(`no JVM runs in ${pod.metadata.name}`);
  return found;
}

/** Files and directories below a root, both with it as prefix, without those of kernel and kubelet. */
function filesBelow(root: string): string[] {
  const found: string[] = [];
  const look = (directory: string): void => {
    for (const entry of unlessGone(() => readdirSync(directory, { withFileTypes: true })) ?? []) {
      const path = directory + entry.name;
      if (notLookedAt.includes(path.slice(root.length))) continue;
      if (entry.isFile() || entry.isDirectory()) found.push(path);
      if (entry.isDirectory()) look(`${path}/`);
    }
  };
  look(root);
  return found;
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function namespaceOf(pid: number): string {
  // Some of the machine's own may not be looked into.
  return unlessGone(() => readlinkSync(`/proc/${pid}/ns/mnt`), 'EACCES') ?? '';
}

function parentOf(pid: number): number {
  const status = unlessGone(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '';
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
}

/** Undefined for a process that has ended or a directory that was removed since it was seen. */
function unlessGone<T>(look: () => T, ...orElse: string[]): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ESRCH', 'ENOTDIR', ...orElse].includes(code)) return undefined;
    throw error;
  }
}
