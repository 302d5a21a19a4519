import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureId } from '../../../src/captures/capture-id.ts';
import { asFailure } from '../../../src/reasons/failure.ts';
import { hostExec } from '../../../src/targets/host/host-exec.ts';
import { startTicksOf } from '../../../src/targets/host/host-processes.ts';
import { profiler } from '../../contract/profiler-session.ts';
import { compileBurner, startBurner, type Jvm } from '../../setup/jvm.ts';
import { filesLeft, activeSessions } from '../target-traces.ts';
import { Findings, type Attack } from './attack.ts';

const intruder = ['--reuid=4002', '--regid=4002', '--clear-groups'];
const jvmUser = ['--reuid=65534', '--regid=65534', '--clear-groups'];
/** A start takes a second; this is a busy machine and the JVM's own bound of 20 s. */
const startMs = 30_000;
/** Debian's own: one of somebody's home may not be run by another user. */
const python = '/usr/bin/python3';
const maxBytes = 10_000_000;
const races = 45;
const racersAtOnce = 3;
const secret = 'a file of root that nobody else may read\n';
const host = hostExec();

/** One window of a real JVM as root, from the start to clean; what became of it and how long it took. */
async function window(
  pid: number,
  id: string,
  begun: (recordingPath: string) => void = () => undefined,
): Promise<{ end: string; startMs: number; recording: Buffer | null }> {
  const { signal } = new AbortController();
  const began = performance.now();
  let took = 0;
  try {
    const { session } = await profiler()
      .start(host, { captureId: id, durationSeconds: 1, process: null, pid }, signal)
      .finally(() => (took = performance.now() - began));
    begun(session.recordingPath);
    try {
      const { recording } = await profiler().collect(host, session, { maxBytes }, signal);
      return { end: 'recorded', startMs: took, recording };
    } finally {
      await profiler().cleanUp(host, session, signal);
    }
  } catch (error) {
    return { end: asFailure(error).code, startMs: took, recording: null };
  }
}

async function withJvms<T>(count: number, work: (jvms: Jvm[], root: string) => Promise<T>): Promise<T> {
  await using closing = new AsyncDisposableStack();
  const burner = compileBurner();
  closing.defer(burner.remove);
  const root = mkdtempSync(join(tmpdir(), 'flamepin-files-'));
  closing.defer(() => {
    rmSync(root, { recursive: true });
  });
  chmodSync(root, 0o755);
  const jvms: Jvm[] = [];
  for (let index = 0; index < count; index++) {
    const jvm = await startBurner(burner.classes, { prefix: ['setpriv', ...jvmUser], args: ['10'] });
    closing.defer(() => jvm.stop('SIGKILL'));
    jvms.push(jvm);
  }
  // Awaited here: the JVMs must live until then.
  return await work(jvms, root);
}

/** What another user may make in /tmp before us, under each name that can be foreseen. */
const planted: Record<string, (path: string, victim: string) => readonly string[]> = {
  'a FIFO': (path) => ['mkfifo', path],
  'a link': (path, victim) => ['ln', '-s', victim, path],
  'a directory': (path) => ['mkdir', path],
};
const names: Record<string, (id: string, tools: string) => string> = {
  'the probe': (id) => `/tmp/.flamepin-${id}`,
  'the recording': (id) => `/tmp/flamepin-${id}`,
  'the tools': (_id, tools) => tools,
};

async function plantEverywhere(): Promise<ReturnType<Findings['result']>> {
  return withJvms(1, async ([jvm], root) => {
    const findings = new Findings();
    const pid = jvm?.pid ?? 0;
    const ends = new Map<string, number>();
    let slowest = 0;
    const victim = join(root, 'victim');
    writeFileSync(victim, secret);
    for (const [what, make] of Object.entries(planted)) {
      for (const [where, nameOf] of Object.entries(names)) {
        const id = captureId(Date.now());
        const path = nameOf(id, `/tmp/flamepin-jvm-${pid}-${await startTicksOf(pid)}`);
        execFileSync('setpriv', [...intruder, ...make(path, victim)]);
        const { end, startMs: took } = await window(pid, id);
        ends.set(end, (ends.get(end) ?? 0) + 1);
        slowest = Math.max(slowest, took);
        findings.must(took <= startMs, `${what} as ${where}: the start took ${Math.round(took)} ms, ${end}`);
        const kept = ['recorded', 'tmp-not-writable', 'profiler-conflict'].includes(end);
        findings.must(kept, `${what} as ${where}: ${end}`);
        findings.must(readFileSync(victim, 'utf8') === secret, `${what} as ${where}: it was written through`);
        rmSync(path, { recursive: true, force: true });
        const left = filesLeft([pid], new Set([id]));
        findings.must(left.length === 0, `${what} as ${where}: left ${left.join(', ')}`);
        for (const file of left) rmSync(file, { recursive: true, force: true });
      }
    }
    findings.note([...ends].map(([end, count]) => `${count} ${end}`).join(', '));
    findings.atMost('slowest start', slowest, startMs, 'ms');
    const active = activeSessions(pid);
    findings.must(active.length === 0, active.join('; '));
    return findings.result();
  });
}

async function race(): Promise<ReturnType<Findings['result']>> {
  return withJvms(racersAtOnce, async (jvms, root) => {
    const findings = new Findings();
    const victim = join(root, 'victim');
    writeFileSync(victim, secret, { mode: 0o600 });
    const ends = new Map<string, number>();
    let swaps = 0;
    let leaked = 0;
    const ids: string[] = [];
    await Promise.all(
      jvms.map(async ({ pid }) => {
        for (let round = 0; round < races / racersAtOnce; round++) {
          const id = captureId(Date.now());
          ids.push(id);
          let racing: Promise<number> = Promise.resolve(0);
          const { end, recording } = await window(pid, id, (recordingPath) => {
            racing = swap(recordingPath.replace(/\/recording\.jfr$/, ''), victim);
          });
          swaps += await racing;
          ends.set(end, (ends.get(end) ?? 0) + 1);
          if (recording?.includes(secret) === true) leaked++;
        }
      }),
    );
    findings.note(`${swaps} swaps in ${races} windows`);
    findings.note([...ends].map(([end, count]) => `${count} ${end}`).join(', '));
    findings.must(swaps > races, `only ${swaps} swaps: nothing was raced`);
    findings.atMost('links followed', leaked, 0, `of ${races}`);
    findings.must(readFileSync(victim, 'utf8') === secret, 'the file of root was changed');
    const pids = jvms.map(({ pid }) => pid);
    // Who swaps on while the directory is removed keeps it: that is its own doing, so it is told, not judged.
    const left = filesLeft(pids, new Set(ids));
    findings.note(`${left.length} directories kept by who swapped`);
    for (const file of left) rmSync(file, { recursive: true, force: true });
    return findings.result();
  });
}

/** Swaps as the JVM's user for the rest of the window and while it is collected; resolves to how often it did. */
async function swap(directory: string, victim: string): Promise<number> {
  const script = join(import.meta.dirname, 'swap.py');
  const child = spawn(
    'setpriv',
    [...jvmUser, python, '-c', readFileSync(script, 'utf8'), directory, victim, '2.5'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  return Number(said);
}

/** What other users of a machine can do in /tmp while flamepin, as root, profiles a JVM there. */
export const fileAttacks: readonly Attack[] = [
  {
    name: 'a FIFO, a link or a directory at each name that can be foreseen',
    bound: 'recorded elsewhere or refused in 30 s, nothing written through a link, nothing left',
    run: plantEverywhere,
  },
  {
    name: 'a recording that is swapped with a link while it is collected, 45 times',
    bound: 'no file of root is ever read through a link',
    run: race,
  },
];
