import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { compileBurner, muslJre, otherJres, startBurner, type Jdk } from '../setup/jvm.ts';
import { waitFor, type Started } from '../setup/process.ts';
import { failsWith, profiler, toolsDirectory, unlessSlow } from './profiler-session.ts';

const { signal } = new AbortController();
const host = hostExec();

/** Has the profiler written it to its end? */
function isWhole(recording: Buffer): boolean {
  try {
    return !readProfile(recording).partial;
  } catch {
    return false;
  }
}

/** A container whose process 1 is a JVM. */
interface Container {
  /** Its JVM, as this machine sees it. */
  jvm: string;
  exec: (...shell: string[]) => Exec;
  /** Attaches to it with another tool. */
  attach: () => string;
  /** Libraries of ours that its JVM has loaded. */
  loaded: () => string[];
}

// HotSpot's socket is /tmp/.java_pid1 in each of them: whichever was attached to last has it.
describe('two containers that share a /tmp, each with a JVM as its process 1', () => {
  let burner: ReturnType<typeof compileBurner>;
  const started: Started[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make namespaces: run them as root');
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });

  const firstOf = (parent: number): Promise<string> =>
    waitFor('its first process', 20_000, () => {
      const [child] = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ');
      return child === '' ? undefined : child;
    });
  const containerOf = async (thread: string, prefix: string[], jdk?: Jdk): Promise<Container> => {
    const parent = await startBurner(burner.classes, {
      prefix: [
        ...prefix,
        'unshare',
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        'sh',
        '-c',
        'exec "$@"',
        'sh',
      ],
      args: ['30', 'as', thread],
      ...(jdk && { jdk }),
    });
    started.push(parent);
    const jvm = await firstOf(parent.pid);
    const inside = ['nsenter', '-m', '-p', '-t', jvm];
    return {
      jvm,
      exec: (...shell) => ({
        run: (asked) =>
          host.run({
            ...asked,
            argv: [...inside, ...shell, ...asked.argv.slice(shell.length > 0 ? 1 : 0)] as [
              string,
              ...string[],
            ],
          }),
      }),
      attach: () =>
        execFileSync(
          'nsenter',
          [...inside.slice(1), join(toolsDirectory(), 'asprof'), 'jcmd', '1', 'VM.uptime'],
          {
            encoding: 'utf8',
          },
        ),
      loaded: () =>
        readFileSync(`/proc/${jvm}/maps`, 'utf8')
          .split('\n')
          .filter((line) => line.includes('libasyncProfiler')),
    };
  };
  const pair = async (jdk?: Jdk): Promise<[Container, Container]> => {
    const { classes } = burner;
    const own = `mount -t tmpfs -o size=8m tmpfs /run && cp -r ${classes} /run/c && cp -r ${toolsDirectory()} /run/tools &&
      mount -t tmpfs -o mode=1777 tmpfs /tmp && cp -r /run/c ${classes} && exec "$@"`;
    const one = await containerOf('thread-of-one', ['unshare', '-m', 'sh', '-c', own, 'sh'], jdk);
    return [one, await containerOf('thread-of-other', ['nsenter', '-m', '-t', one.jvm], jdk)];
  };
  const start = (exec: Exec, durationSeconds = 1) =>
    unlessSlow(() =>
      profiler().start(
        exec,
        { captureId: captureId(Date.now()), durationSeconds, process: null, pid: 1 },
        signal,
      ),
    );
  const threadsOf = async (exec: Exec): Promise<string[]> => {
    const { session } = await start(exec);
    const { recording } = await profiler().collect(exec, session, { maxBytes: 10_000_000 }, signal);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    return readProfile(recording).threads.filter((name) => name.startsWith('thread-of-'));
  };
  const oursIn = ({ jvm }: Container): string[] =>
    readdirSync(`/proc/${jvm}/root/tmp`).filter((name) => /flamepin|asprof/.test(name));

  it('never profiles the other one: what answers in its place is seen, and nothing is loaded there', async () => {
    for (const jdk of [undefined, ...otherJres(), muslJre()]) {
      const [one, other] = await pair(jdk);
      assert.deepEqual(await threadsOf(one.exec()), ['thread-of-one']);
      const before = one.loaded();
      for (const shell of ['dash', 'bash', 'busybox sh'])
        await failsWith('another-jvm-answers', start(other.exec(...shell.split(' '))));
      assert.deepEqual([one.loaded(), other.loaded()], [before, []]);
      assert.deepEqual(oursIn(one), []);
      // The socket is the other one's as soon as that has made its own.
      rmSync(`/proc/${one.jvm}/root/tmp/.java_pid1`);
      assert.deepEqual(await threadsOf(other.exec()), ['thread-of-other']);
      await failsWith('another-jvm-answers', start(one.exec()));
      assert.deepEqual(oursIn(one), []);
    }
  });

  it('asks no other JVM about a session, nor ends one there, when the socket changed hands meanwhile', async () => {
    const [one, other] = await pair();
    const { session } = await start(one.exec(), 3);
    rmSync(`/proc/${one.jvm}/root/tmp/.java_pid1`);
    assert.match(other.attach(), /response code/);
    const bounds = { maxBytes: 10_000_000, wait: false };
    const { recording, ended } = await waitFor('the end of the window', 60_000, async () => {
      const collected = await profiler().collect(one.exec(), session, bounds, signal);
      return isWhole(collected.recording) ? collected : undefined;
    });
    assert.equal(ended, false, 'nobody could say so');
    assert.ok(readProfile(recording).threads.includes('thread-of-one'));
    assert.deepEqual(await profiler().cleanUp(one.exec(), session, signal), { left: [] });
    assert.deepEqual([other.loaded(), oursIn(one)], [[], []]);
  });

  it('leaves the files alone that an asprof is about to read in the other one', async () => {
    const [one, other] = await pair();
    // The JVM writes them, and asprof removes them a moment later.
    const names = ['asprof-log.4000.1', 'asprof.4000.1'];
    const files = names.map((name) => `/proc/${one.jvm}/root/tmp/${name}`);
    for (const file of files) writeFileSync(file, '');
    const known = { pid: 1, startTicks: '1' };
    await profiler().cleanUpUnknown(other.exec(), captureId(Date.now()), signal, known);
    assert.deepEqual(oursIn(one).sort(), names);
    execFileSync('touch', ['-d', '2 minutes ago', ...files]);
    await profiler().cleanUpUnknown(other.exec(), captureId(Date.now()), signal, known);
    assert.deepEqual(oursIn(one), []);
  });
});
