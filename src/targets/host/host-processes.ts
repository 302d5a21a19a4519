import { readdir, readFile, readlink } from 'node:fs/promises';

/** One process of this machine that runs a JVM. */
export interface HostProcess {
  pid: number;
  /** Field 22 of /proc/PID/stat, clock ticks since boot: with pid and boot id it identifies one process forever. */
  startTicks: string;
  /** CPU used since its start, clock ticks (100 a second). */
  usedTicks: number;
  /** The program and its arguments. */
  args: string[];
}

/** All JVMs of this machine, recognised by HotSpot's VM thread, whose name every user may read. */
export async function hostJvms(): Promise<HostProcess[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(names.map((name) => hostJvm(Number(name))));
  return found.filter((process) => process !== null);
}

/** The process, or null when there is none or it is not a JVM. */
export async function hostJvm(pid: number): Promise<HostProcess | null> {
  try {
    const stat = await readStat(pid);
    // Cheapest first: most processes have a single thread, and a JVM has a dozen.
    if (stat.threads < 4 || !(await isHotSpot(pid))) return null;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return {
      pid,
      startTicks: stat.startTicks,
      usedTicks: stat.usedTicks,
      args: commandLine.split('\0').slice(0, -1),
    };
  } catch {
    // It ended in the meantime.
    return null;
  }
}

/** Threads that HotSpot starts before its VM thread, where it names threads at all. */
const earlyThread = /^(?:GC Thread#|G1 |ZWorker|ZDriver|XWorker|XDriver|Shenandoah)/;

/**
 * Has the process HotSpot's VM thread? Older builds of JDK 8 (8u212) name no thread: they are known by their library,
 * which only the process's own user and root may see. As is_jvm of lib/jvms.sh.
 */
async function isHotSpot(pid: number): Promise<boolean> {
  let threads = 0;
  let starts = false;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const name = await readFile(`/proc/${pid}/task/${thread}/comm`, 'utf8').catch(() => '');
    if (name === 'VM Thread\n') return true;
    threads++;
    starts ||= earlyThread.test(name);
  }
  return !starts && threads >= 8 && (await mappedFile(pid, 'libjvm.so')) !== null;
}

/** The file whose name begins so, if the process has mapped one. */
async function mappedFile(pid: number, name: string): Promise<string | null> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
  const line = maps.split('\n').find((one) => one.includes(`/${name}`));
  return line?.slice(line.lastIndexOf('/') + 1) ?? null;
}

/** What a process is that runs Java without HotSpot, in words; null when it is neither. As refuse_other_java. */
export async function otherJava(pid: number): Promise<string | null> {
  const library = await mappedFile(pid, 'libj9vm');
  if (library !== null) return `process ${pid} runs OpenJ9: ${library} is mapped`;
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const name = await readFile(`/proc/${pid}/task/${thread}/comm`, 'utf8').catch(() => '');
    // It keeps the end of a name that the kernel has no room for, where HotSpot keeps the beginning.
    if (name === 'ference Handler\n')
      return `process ${pid} is a native image of GraalVM: there is no JVM in it`;
  }
  return null;
}

/** Field 22 of /proc/PID/stat; null when there is no such process. */
export async function startTicksOf(pid: number): Promise<string | null> {
  try {
    const { state, startTicks } = await readStat(pid);
    return state === 'Z' || state === 'X' ? null : startTicks;
  } catch {
    return null;
  }
}

async function readStat(
  pid: number,
): Promise<{ state: string; usedTicks: number; threads: number; startTicks: string }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name may hold anything; what counts follows its last parenthesis. Field n of proc(5) is at n - 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    usedTicks: Number(fields[11]) + Number(fields[12]),
    threads: Number(fields[17]),
    startTicks: fields[19] ?? '',
  };
}

export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** When a process started, from its ticks since boot (a hundred a second on x64 and arm64). */
export async function startTime(startTicks: string): Promise<Date> {
  const seconds = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8'))?.[1];
  return new Date((Number(seconds) + Number(startTicks) / 100) * 1000);
}

/** Has the process this address, in its own network? The addresses of a container are those of its processes. */
export async function hasAddress(pid: number, address: string): Promise<boolean> {
  const table = await readFile(`/proc/${pid}/net/fib_trie`, 'utf8').catch(() => '');
  // `|-- 172.17.0.2` and, in the next line, `/32 host LOCAL`.
  const lines = table.split('\n');
  return lines.some(
    (line, i) => line.trim() === `|-- ${address}` && (lines[i + 1] ?? '').includes('/32 host LOCAL'),
  );
}

/** Is the process in the container with this id, or with an id that begins like this? */
export async function isInContainer(pid: number, id: string): Promise<boolean> {
  const named = new RegExp(`[/:-]${id}[0-9a-f]*(?:\\.scope)?$`);
  return (await groupsOf(pid)).some((group) => named.test(group));
}

/** Paths of the process's control groups: those of /proc/PID/cgroup, `0::/system.slice/shop.service`. */
export async function groupsOf(pid: number): Promise<string[]> {
  const lines = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return lines.split('\n').map((line) => line.split(':').slice(2).join(':'));
}

/** Does the process listen on a TCP port? False also when its descriptors may not be read. */
export async function listensOn(pid: number, port: number): Promise<boolean> {
  const hexadecimal = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    const lines = await readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '');
    for (const line of lines.split('\n').slice(1)) {
      // sl, local address, remote address, state (0A: listening), …, inode in the tenth column
      const columns = line.trim().split(/\s+/);
      if (columns[3] === '0A' && columns[1]?.endsWith(hexadecimal) === true)
        sockets.add(`socket:[${columns[9]}]`);
    }
  }
  if (sockets.size === 0) return false;
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const link = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    if (sockets.has(link)) return true;
  }
  return false;
}
