import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { controlGroup, type ControlGroup } from '../setup/control-group.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';
import { start as startProgram, waitFor, type Started } from '../setup/process.ts';
import { failsWith, profiler, unlessSlow } from './profiler-session.ts';

const host = hostExec();
const { signal } = new AbortController();

// As in most containers: a JVM that is process 1 inherits every orphan there and never waits for one. Each zombie costs
// the container a process id for good.
describe('a JVM that is process 1 of its container is left no zombie', () => {
  let burner: ReturnType<typeof compileBurner>;
  const started: Started[] = [];
  const groups: ControlGroup[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make namespaces and control groups: run them as root');
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const group of groups.splice(0)) closing.defer(() => group.remove());
    for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });
  const groupOf = (controller: 'pids' | 'cpu', ...names: string[]): ControlGroup => {
    const group = controlGroup(controller, [`flamepin-test-${process.pid}`, ...names].join('/'));
    groups.push(group);
    return group;
  };

  interface Process {
    name: string;
    state: string;
  }
  interface Container {
    /** Of the JVM, as this machine sees it. */
    jvm: string;
    /** Limits the processes of the container without being seen from it, as a pod's does. */
    pod: ControlGroup;
    /** Commands in that shell of the container, run by a prefix. As an engine's, they go on when flamepin is gone. */
    exec: (shell: string, ...prefix: readonly string[]) => Exec;
    /** Everything in there but the JVM. */
    others: () => Process[];
    /** Waits until nothing runs there any more, and gives what is left. */
    left: () => Promise<Process[]>;
  }
  const namespaceOf = (pid: string): string => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`);
    } catch {
      return '';
    }
  };

  /** A JVM in PID and mount namespaces of its own, with its own /tmp and a control group that looks like the topmost one. */
  const containerOf = async (): Promise<Container> => {
    const pod = groupOf('pids');
    const group = groupOf('pids', 'container');
    const { classes } = burner;
    const text = [
      `mount --bind ${group.directory} ${join(group.directory, '../..')}`,
      `mount -t tmpfs -o size=8m tmpfs /run && cp -r ${classes} /run/classes`,
      `mount -t tmpfs -o mode=1777 tmpfs /tmp && cp -r /run/classes ${classes}`,
      // Each as images have it, under the name of sh.
      'for shell in dash bash yash; do mkdir /run/$shell && ln -s /bin/$shell /run/$shell/sh; done; mkdir /run/busybox',
      'busybox --install -s /run/busybox',
      'exec "$@"',
    ].join(' && ');
    const parent: Jvm = await startBurner(classes, {
      prefix: [
        ...group.enter,
        ...['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', text, 'sh'],
      ],
    });
    started.push(parent);
    const jvm = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim();
    const namespace = namespaceOf(jvm);
    const others = (): Process[] =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name) && name !== jvm)
        .flatMap((pid) => {
          try {
            const [, name = '', state = '', above] =
              /\((.*)\) (\S) (\d+) /s.exec(readFileSync(join('/proc', pid, 'stat'), 'utf8')) ?? [];
            // A zombie of an exec itself is for the engine, its parent, to wait for.
            const inside = state === 'Z' ? above === jvm : namespaceOf(pid) === namespace;
            return inside ? [{ name, state }] : [];
          } catch {
            return [];
          }
        });
    return {
      jvm,
      pod,
      exec: (shell, ...prefix) => ({
        run: (asked) =>
          host.run({
            ...asked,
            argv: [
              ...[...group.enter, ...prefix, 'nsenter', '-p', '-m', '-t', jvm, 'setsid', '-w'],
              ...['env', `PATH=${shell === 'busybox' ? '/run/busybox' : '/usr/bin:/bin'}`],
              ...[`/run/${shell}/sh`, ...asked.argv.slice(1)],
            ] as [string, ...string[]],
          }),
      }),
      others,
      left: () =>
        waitFor('the last process of ours to end', 60_000, () => {
          const there = others();
          return there.every(({ state }) => state === 'Z') ? there : undefined;
        }),
    };
  };
  const request = (durationSeconds: number) => ({
    captureId: captureId(Date.now()),
    durationSeconds,
    process: null,
    pid: 1,
  });
  /** A JVM that takes requests and answers none. */
  const silence = async ({ jvm, exec }: Container): Promise<void> => {
    const { session } = await unlessSlow(() => profiler().start(exec('dash'), request(1), signal));
    await profiler().cleanUp(exec('dash'), session, signal);
    const script = join(import.meta.dirname, '../setup/stop-thread.py');
    const tracer = startProgram('python3', [script, jvm, 'Attach Listener']);
    started.push(tracer);
    await waitFor(
      'a stopped thread',
      20_000,
      () => tracer.output().includes('stopped') || undefined,
      () => tracer.output(),
    );
  };
  /** A start whose client goes away as soon as `reached` says so. */
  const cutWhen = async (exec: Exec, reached: () => boolean): Promise<string> => {
    const asked = request(60);
    const gone = new AbortController();
    const failing = failsWith('exec-disconnected', profiler().start(exec, asked, gone.signal));
    await waitFor('that step of the start', 60_000, () => reached() || undefined);
    gone.abort();
    await failing;
    return asked.captureId;
  };
  const asks = ({ others }: Container) => others().some(({ name }) => name === 'asprof');

  it('these tests see one where there is one', async () => {
    const { jvm, left } = await containerOf();
    execFileSync('nsenter', ['-p', '-m', '-t', jvm, 'sh', '-c', '(sleep 0.2 &) ; exit 0']);
    assert.deepEqual(await left(), [{ name: 'sleep', state: 'Z' }]);
  });

  for (const shell of ['dash', 'bash', 'busybox', 'yash'])
    describe(`by ${shell}`, () => {
      it('after a capture', async () => {
        const { exec, left } = await containerOf();
        const inside = exec(shell);
        const { session } = await unlessSlow(() => profiler().start(inside, request(2), signal));
        await profiler().collect(inside, session, { maxBytes: 10_000_000 }, signal);
        assert.deepEqual(await profiler().cleanUp(inside, session, signal), { left: [] });
        assert.deepEqual(await left(), []);
      });

      it('after a refusal because no process can be started', async () => {
        const { exec, left, pod } = await containerOf();
        pod.write('pids.max', Number(pod.read('pids.current')) + 8);
        await failsWith(
          'threads-full',
          unlessSlow(() => profiler().start(exec(shell), request(1), signal)),
        );
        assert.deepEqual(await left(), []);
      });

      it('after a refusal because the JVM did not answer', async () => {
        const container = await containerOf();
        await silence(container);
        await failsWith(
          'target-stopped',
          unlessSlow(() => profiler().start(container.exec(shell), request(1), signal)),
        );
        assert.deepEqual(await container.left(), []);
      });

      it('after a start whose client went away while it asked the JVM', async () => {
        const container = await containerOf();
        await silence(container);
        await cutWhen(container.exec(shell), () => asks(container));
        assert.deepEqual(await container.left(), []);
      });

      it('after a start that was cleaned up while it asked the JVM', async () => {
        const container = await containerOf();
        await silence(container);
        const inside = container.exec(shell);
        const id = await cutWhen(inside, () => asks(container));
        assert.deepEqual(await profiler().cleanUpUnknown(inside, id, signal), { left: [] });
        assert.deepEqual(await container.left(), []);
      });

      it('after a start that was cleaned up while it tried whether there is room for threads', async () => {
        const { exec, left, others } = await containerOf();
        groupOf('cpu');
        const slow = groupOf('cpu', 'slow');
        const quota = existsSync(join(slow.directory, 'cpu.max')) ? 'cpu.max' : 'cpu.cfs_quota_us';
        slow.write(quota, quota === 'cpu.max' ? '1000 100000' : 1000);
        const shells = () => others().filter(({ name }) => name === 'sh').length;
        const id = await cutWhen(exec(shell, ...slow.enter), () => shells() > 4);
        const cleaning = profiler().cleanUpUnknown(exec(shell), id, signal);
        // What comes after the signal would take long with so little.
        const faster = setTimeout(() => {
          slow.write(quota, quota === 'cpu.max' ? 'max 100000' : -1);
        }, 1000);
        try {
          assert.deepEqual(await cleaning, { left: [] });
          assert.deepEqual(await left(), []);
        } finally {
          clearTimeout(faster);
        }
      });
    });
});
