import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { captureId } from '../../src/captures/capture-id.ts';
import { readPayload, sha256Of } from '../../src/profiler/payload.ts';
import { Profiler } from '../../src/profiler/profiler.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { startTicksOf } from '../../src/targets/host/host-processes.ts';
import { beginHeapDump } from '../setup/heap-dump.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';
import { start as startProgram, waitFor } from '../setup/process.ts';
import { asprof, failsWith, ours, profiler, toolsDirectory } from './profiler-session.ts';

const host = hostExec();
const { signal } = new AbortController();
const architecture = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';

describe('after flamepin gave up, nothing begins', () => {
  let burner: ReturnType<typeof compileBurner>;
  let directory = '';
  const jvms: Jvm[] = [];
  const pipes: number[] = [];
  before(() => {
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    closing.defer(() => {
      if (directory !== '') rmSync(directory, { recursive: true, force: true });
    });
    for (const pipe of pipes.splice(0)) closing.defer(() => closeSync(pipe));
    for (const jvm of jvms.splice(0)) closing.defer(() => jvm.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });
  const jvmOf = async (): Promise<Jvm> => {
    directory = mkdtempSync(join(tmpdir(), 'late-'));
    chmodSync(directory, 0o755);
    const jvm = await startBurner(burner.classes);
    jvms.push(jvm);
    return jvm;
  };
  const request = (pid: number, id = captureId(Date.now())) => ({
    captureId: id,
    durationSeconds: 60,
    process: null,
    pid,
  });

  /** The real asprof, which waits before that action, in one process as asprof does, until it is let go on. */
  const heldBefore = (action: string) =>
    held(`if [ "$1" = ${action} ]; then
  : >"$reached"
  read -r _ <"$released"
fi
`);

  /** The same, which never comes back from a start that succeeded, and waits before it ends that session. */
  const heldWhenEnding = () =>
    held(`case $1 in
  load)
    "$real" "$@"
    : >"$reached"
    while :; do read -r _ <"$released"; done
    ;;
  stop)
    : >"$reached-stop"
    read -r _ <"$released"
    ;;
esac
`);

  /** @param before shell text that runs before the real asprof */
  const held = (before: string) => {
    const [reached, released] = [join(directory, 'reached'), join(directory, 'released')];
    execFileSync('mkfifo', ['-m', '666', released]);
    const real = join(toolsDirectory(), 'asprof');
    const text = `#!/bin/sh
real=${real} reached=${reached} released=${released}
${before}exec "$real" "$@"
`;
    const held = new Profiler(async () => {
      const payload = await readPayload(toolsDirectory(), architecture);
      const bytes = Buffer.concat([Buffer.from(text), payload.bytes.subarray(payload.asprofBytes)]);
      return { architecture, bytes, asprofBytes: Buffer.byteLength(text), sha256: sha256Of(bytes) };
    });
    const until = (file: string) => waitFor(file, 60_000, () => existsSync(file) || undefined);
    return {
      held,
      reached: () => until(reached),
      reachedStop: () => until(`${reached}-stop`),
      // Stays open: whoever waits may not have opened it yet, or may be gone.
      release: () => {
        const pipe = openSync(released, constants.O_RDWR | constants.O_NONBLOCK);
        pipes.push(pipe);
        writeSync(pipe, '\n');
      },
    };
  };

  /** Whatever was asked before has been answered, as a JVM answers one after the other; and no session runs. */
  const assertUntouched = async ({ pid }: Jvm, id: string): Promise<void> => {
    assert.match(asprof('jcmd', String(pid), 'VM.uptime'), /response code = 0/);
    const library = `/tmp/flamepin-jvm-${pid}-${(await startTicksOf(pid)) ?? ''}/libasyncProfiler.so`;
    // Where it was never loaded, it cannot be now, as its file is gone.
    assert.match(
      asprof('status', '--libpath', library, String(pid)),
      /Profiler is not active|was not loaded/,
    );
    assert.deepEqual(ours(pid), []);
    for (const base of ['/tmp', '/var/tmp', '/dev/shm', `/proc/${pid}/cwd`])
      assert.deepEqual(
        readdirSync(base).filter((name) => name.includes(id) || name === `.attach_pid${pid}`),
        [],
      );
  };

  for (const state of ['cold', 'warm'] as const)
    it(`in a JVM that was writing a heap dump, ${state}`, async () => {
      const jvm = await jvmOf();
      if (state === 'warm') await warmUp(jvm);
      const dump = await beginHeapDump(jvm.pid);
      const id = captureId(Date.now());
      try {
        const failure = await failsWith('jvm-silent', profiler().start(host, request(jvm.pid, id), signal));
        assert.match(failure.detail, /^no answer within 10 s/);
      } finally {
        await dump.finish();
      }
      await assertUntouched(jvm, id);
    });

  const warmUp = async ({ pid }: Jvm): Promise<void> => {
    const { session } = await profiler().start(host, request(pid), signal);
    await profiler().cleanUp(host, session, signal);
  };

  for (const state of ['cold', 'warm'] as const)
    it(`in a JVM whose heap dump began when the start was on its way, ${state}`, async () => {
      const jvm = await jvmOf();
      if (state === 'warm') await warmUp(jvm);
      const { held, reached, release } = heldBefore('load');
      const id = captureId(Date.now());
      const failing = failsWith('jvm-silent', held.start(host, request(jvm.pid, id), signal));
      await reached();
      const dump = await beginHeapDump(jvm.pid);
      release();
      try {
        const failure = await failing;
        assert.match(failure.detail, /^no answer within 20 s/);
      } finally {
        await dump.finish();
      }
      await assertUntouched(jvm, id);
    });

  /** The process of start.sh: the shell with that capture's id in its command line whose parent has another one. */
  const startOf = (id: string): number | undefined => {
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandLineOf(name).includes(id));
    const main = all.find((pid) => !all.includes(parentOf(pid)));
    return main === undefined ? undefined : Number(main);
  };
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const commandLineOf = (pid: string): string => {
    const words = read(`/proc/${pid}/cmdline`).split('\0');
    const at = words.indexOf('flamepin');
    return at > 2 && words[at - 2] === '-c' ? words.slice(at + 1).join(' ') : '';
  };
  const parentOf = (pid: string): string => / \(.*\) \S (\d+) /s.exec(read(`/proc/${pid}/stat`))?.[1] ?? '';

  /** A start that goes on when its flamepin is gone: not in the group that is killed. */
  const lonely = (shell: string[]): Exec => ({
    run: (asked) => host.run({ ...asked, argv: ['setsid', '-w', ...shell, ...asked.argv.slice(1)] }),
  });
  const begin = async (action: string | null, shell = ['sh']) => {
    const jvm = await jvmOf();
    const id = captureId(Date.now());
    const { held, reached, reachedStop, release } = action === null ? heldWhenEnding() : heldBefore(action);
    const gone = new AbortController();
    const starting = failsWith(
      'exec-disconnected',
      held.start(lonely(shell), request(jvm.pid, id), gone.signal),
    );
    await reached();
    const start = startOf(id) ?? 0;
    assert.ok(start > 0);
    return {
      jvm,
      id,
      start,
      release,
      reachedStop,
      disconnect: async () => {
        gone.abort();
        await starting;
      },
      ended: () =>
        waitFor('the end of start.sh', 60_000, () => (startOf(id) === undefined ? true : undefined)),
    };
  };

  for (const [action, phase, shell] of [
    ['--version', 'while it unpacked', ['dash']],
    ['load', 'while it asked the JVM', ['dash']],
    ['load', 'while it asked the JVM', ['bash']],
    ['load', 'while it asked the JVM', ['busybox', 'sh']],
  ] as const)
    it(`by a start whose container did not get to run, ${phase}, and which goes on after cleaning (${shell.join(' ')})`, async () => {
      const { jvm, id, start, release, disconnect, ended } = await begin(action, [...shell]);
      process.kill(start, 'SIGSTOP');
      await disconnect();
      assert.deepEqual(await profiler().cleanUpUnknown(lonely([...shell]), id, signal), { left: [] });
      release();
      if (existsSync(`/proc/${start}`)) process.kill(start, 'SIGCONT');
      await ended();
      await assertUntouched(jvm, id);
    });

  for (const shell of [['dash'], ['bash'], ['ksh'], ['busybox', 'sh']])
    it(`by a start that was just ending its session: cleaning lets it finish (${shell.join(' ')})`, async () => {
      const { jvm, id, release, disconnect, ended, reachedStop } = await begin(null, shell);
      await disconnect();
      const cleaning = profiler().cleanUpUnknown(lonely(shell), id, signal);
      await reachedStop();
      // Less than the 5 s that it may take.
      await sleep(3000);
      release();
      assert.deepEqual(await cleaning, { left: [] });
      await ended();
      await assertUntouched(jvm, id);
    });

  it('by a start that lost its connection, even without cleanup', async () => {
    const { jvm, id, release, disconnect, ended } = await begin('--version');
    await disconnect();
    release();
    await ended();
    await assertUntouched(jvm, id);
  });

  it('by a start that took longer to get ready than flamepin waits', async () => {
    const jvm = await jvmOf();
    const id = captureId(Date.now());
    const { held, reached, release } = heldBefore('--version');
    const failing = failsWith('exec-timeout', held.start(host, request(jvm.pid, id), signal));
    await reached();
    // Its deadline is in its own clock, 45 s after its first line.
    await sleep(47_000);
    release();
    assert.match((await failing).detail, /^getting ready took \d+ s; the limit is 45 s$/);
    await assertUntouched(jvm, id);
  });

  it('by a start beside the JVM that was never sent the payload, though it has all it needs', async () => {
    const agent = startProgram('unshare', [
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs -o mode=1777 tmpfs /tmp && echo up && exec sleep 300',
    ]);
    try {
      await waitFor('the agent', 30_000, () => (agent.output().includes('up') ? true : undefined));
      const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const beside: Exec = {
        run: (asked) =>
          host.run({
            ...asked,
            argv: ['nsenter', '-m', '-t', String(agent.process.pid), ...user, ...asked.argv],
          }),
      };
      const other = await startBurner(burner.classes, { prefix: user });
      jvms.push(other);
      const short = { ...request(other.pid), durationSeconds: 1 };
      const { session } = await profiler().start(beside, short, signal);
      await profiler().collect(beside, session, { maxBytes: 10_000_000 }, signal);
      await profiler().cleanUp(beside, session, signal);
      const cut: Exec = {
        run: ({ stdin, ...asked }) =>
          beside.run({ ...asked, stdin: stdin?.subarray(0, 60_000) ?? Buffer.alloc(0) }),
      };
      await failsWith('payload-rejected', profiler().start(cut, request(other.pid), signal));
      const { session: next } = await profiler().start(
        beside,
        { ...short, captureId: captureId(Date.now()) },
        signal,
      );
      await profiler().cleanUp(beside, next, signal);
    } finally {
      await agent.stop('SIGKILL');
    }
  });
});
