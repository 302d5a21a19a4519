import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { controlGroup, type ControlGroup } from '../setup/control-group.ts';
import { compileBurner, compileProgram, jdks, startBurner, type Jvm, type JvmOptions } from '../setup/jvm.ts';
import { start as startProgram, waitFor, type Started } from '../setup/process.ts';
import { failsWith, ours, profiler } from './profiler-session.ts';

const { signal } = new AbortController();
const host = hostExec();
const java = join(jdks()[0]?.home ?? '', 'bin/java');

describe('a JVM that does not answer is refused with the cause that can be seen', () => {
  let burner: ReturnType<typeof compileBurner>;
  let hoarder: ReturnType<typeof compileProgram>;
  const started: Started[] = [];
  const groups: ControlGroup[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make control groups: run them as root');
    burner = compileBurner();
    hoarder = compileProgram('Hoarder');
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const group of groups.splice(0)) closing.defer(() => group.remove());
    for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
    hoarder.remove();
  });
  const jvmOf = async (options: JvmOptions = {}): Promise<Jvm> => {
    const { classes } = options.program === 'Hoarder' ? hoarder : burner;
    const jvm = await startBurner(classes, options);
    started.push(jvm);
    return jvm;
  };
  const groupOf = (controller: Parameters<typeof controlGroup>[0], ...names: string[]): ControlGroup => {
    const group = controlGroup(controller, [`flamepin-test-${process.pid}`, ...names].join('/'));
    groups.push(group);
    return group;
  };
  const begin = (pid: number) =>
    profiler().start(
      host,
      { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid },
      signal,
    );
  const whole = async (pid: number): Promise<void> => {
    const { session } = await begin(pid);
    const collected = await profiler().collect(host, session, { maxBytes: 10_000_000 }, signal);
    assert.equal(collected.partial, false);
    assert.deepEqual(await profiler().cleanUp(host, session, signal), { left: [] });
  };
  const refuses = async (code: ReasonCode, jvm: Jvm): Promise<Failure> => {
    const failure = await failsWith(code, begin(jvm.pid));
    assert.equal(jvm.process.exitCode, null, jvm.output());
    assert.deepEqual(ours(jvm.pid), []);
    return failure;
  };
  const threadsOf = (pid: number): string[] =>
    readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim(),
    );
  /** The share of one core that what runs in the group gets. */
  const slow = (group: ControlGroup, percent: number): void => {
    if (existsSync(join(group.directory, 'cpu.max'))) group.write('cpu.max', `${percent * 1000} 100000`);
    else group.write('cpu.cfs_quota_us', percent * 1000);
  };

  it('frozen, as by `docker pause`, in a v1 freezer or a group above its own in v2; profiled once thawed', async () => {
    const jvm = await jvmOf();
    if (!existsSync('/sys/fs/cgroup/cgroup.controllers')) {
      const freezer = groupOf('freezer');
      freezer.add(jvm.pid);
      freezer.write('freezer.state', 'FROZEN');
      assert.match((await refuses('target-frozen', jvm)).detail, /^its control group is FR/);
      freezer.write('freezer.state', 'THAWED');
    }
    const above = groupOf('two');
    groupOf('two', 'jvm').add(jvm.pid);
    above.write('cgroup.freeze', 1);
    await waitFor(
      'a frozen group',
      10_000,
      () => above.read('cgroup.events').includes('frozen 1') || undefined,
    );
    assert.equal((await refuses('target-frozen', jvm)).detail, 'its control group is frozen');
    above.write('cgroup.freeze', 0);
    await whole(jvm.pid);
  });

  it('stopped in one thread alone, which others wait for', async () => {
    const jvm = await jvmOf();
    for (const [thread, said] of [
      ['VM Thread', /^its VM thread is in state t$/],
      ['Signal Dispatch', /^1 of its \d+ threads are stopped$/],
    ] as const) {
      const script = join(import.meta.dirname, '../setup/stop-thread.py');
      const tracer = startProgram('python3', [script, String(jvm.pid), thread]);
      started.push(tracer);
      await waitFor(
        'a stopped thread',
        20_000,
        () => tracer.output().includes('stopped') || undefined,
        tracer.output,
      );
      assert.match((await refuses('target-stopped', jvm)).detail, said);
      await tracer.stop('SIGKILL');
    }
    await whole(jvm.pid);
  });

  it('in a heap dump: its VM thread is seen at work, and nothing is asked of it', async () => {
    const group = groupOf('cpu');
    const jvm = await jvmOf({ program: 'Hoarder', flags: ['-Xmx400m', '-XX:+UseSerialGC'], args: ['150'] });
    const directory = mkdtempSync(join(tmpdir(), 'dump-'));
    try {
      const file = join(directory, 'heap.hprof');
      const jcmd = startProgram(join(jdks()[0]?.home ?? '', 'bin/jcmd'), [
        String(jvm.pid),
        'GC.heap_dump',
        file,
      ]);
      started.push(jcmd);
      await waitFor('a dump that has begun', 30_000, () => existsSync(file) || undefined, jcmd.output);
      slow(group, 5);
      group.add(jvm.pid);
      const failure = await refuses('jvm-busy', jvm);
      assert.match(
        failure.detail,
        /^its VM thread was busy in all 25 checks over 5 s and used \d+\.\d\d s of CPU$/,
      );
      assert.equal(jcmd.process.exitCode, null, 'the dump went on all the time');
      assert.doesNotMatch(jvm.output(), /Full thread dump/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('with a heap that is full: it cannot make the thread that answers, and its log says so', async () => {
    const jvm = await jvmOf({ program: 'Hoarder', args: ['full'] });
    // Once it has given up filling, it does nothing.
    let used = '';
    await waitFor('a heap that is full', 60_000, () => {
      const [, , ...fields] = readFileSync(`/proc/${jvm.pid}/stat`, 'utf8').split(' ');
      const now = fields.slice(11, 13).join();
      if (now === used) return true;
      used = now;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      return undefined;
    });
    const failure = await refuses('jvm-silent', jvm);
    assert.match(
      failure.detail,
      /^no answer within \d+ s; meanwhile its VM thread used \d+\.\d\d s of CPU and its other threads \d+\.\d\d s; over the next second its garbage collector used \d+\.\d\d s; \d+ threads, \d+ running, \d+ in state D$/,
    );
    assert.match(jvm.output(), /AttachListener::init/);
  });

  it('that writes to its whole heap before it is up', async () => {
    const group = groupOf('cpu');
    slow(group, 10);
    for (const [collector, code, said] of [
      ['-XX:+UseParallelGC', 'jvm-starting', /has garbage collector threads but no VM thread yet/],
      ['-XX:+UseSerialGC', 'not-a-jvm', /has no VM thread; .* is named java: it may still be starting/],
    ] as const) {
      const [command = '', ...prefix] = group.enter;
      const flags = ['-Xms3g', '-Xmx3g', '-XX:+AlwaysPreTouch', collector];
      const starting = startProgram(command, [...prefix, java, ...flags, '-cp', burner.classes, 'Burner']);
      started.push(starting);
      const pid = starting.process.pid ?? 0;
      const status = (): string => readFileSync(`/proc/${pid}/status`, 'utf8');
      await waitFor('a JVM that writes to its heap', 30_000, () => {
        const resident = Number(/VmRSS:\s+(\d+)/.exec(status())?.[1] ?? 0);
        return resident > 50_000 ? true : undefined;
      });
      assert.equal(threadsOf(pid).includes('VM Thread'), false);
      const failure = await failsWith(code, begin(pid));
      assert.match(failure.detail, said);
      assert.equal(starting.process.exitCode, null);
      await starting.stop('SIGKILL');
    }
  });
});
