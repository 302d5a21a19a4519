import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { answer } from '../../src/profile/answer/summary.ts';
import { captureEvents } from '../../src/profile/sampling.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { hostJvms } from '../../src/targets/host/host-processes.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import {
  compileBurner,
  jdks,
  jre,
  startBurner,
  withoutSymbols,
  type Jvm,
  type JvmOptions,
} from '../setup/jvm.ts';
import { ours, profiler, unlessSlow } from './profiler-session.ts';

const exec = hostExec();
const { signal } = new AbortController();
const burns = /^\d+% of CPU time is spent in Burner\.(main, mostly Burner\.)?burn/;
const maxBytes = 50 * 1024 * 1024;

describe('every JVM that people run', () => {
  let burner: ReturnType<typeof compileBurner>;
  const jvms: Jvm[] = [];
  before(() => {
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const jvm of jvms.splice(0)) closing.defer(() => jvm.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });
  const jvmOf = async (options: JvmOptions): Promise<Jvm> => {
    const jvm = await startBurner(burner.classes, { args: ['60'], ...options });
    jvms.push(jvm);
    return jvm;
  };

  /** A window of two seconds by the scripts, and what it says; the JVM lives on and nothing of ours is left. */
  const capture = async (pid: number) => {
    const begin = () =>
      profiler().start(
        exec,
        { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid },
        signal,
      );
    const { session } = await unlessSlow(begin);
    const { recording, partial } = await profiler().collect(exec, session, { maxBytes }, signal);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(pid), []);
    assert.match(readFileSync(`/proc/${pid}/stat`, 'utf8'), /\) [SR] /, 'the JVM lives on');
    assert.equal(partial, false);
    const profile = readProfile(recording);
    const recorded = captureEvents.filter(
      (event) => profile.events[event] !== undefined || profile.withoutSamples?.includes(event) === true,
    );
    const say = (event: (typeof captureEvents)[number]) =>
      answer({
        profile,
        event,
        labels: {},
        startsAt: null,
        durationSeconds: 2,
        comparison: null,
        cpuThrottling: null,
        missingEvents: session.missingEvents,
        targetStartedAt: null,
      });
    return { session, profile, recorded, say };
  };

  const machine = jdks().filter(({ release }) => release === 17);
  for (const jdk of [...(['8', '11', '21', '25'] as const).map(jre), ...machine])
    it(`JDK ${jdk.release}: all four events, a sentence, and nothing left`, async () => {
      const jvm = await jvmOf({ jdk });
      const { session, recorded, profile, say } = await capture(jvm.pid);
      assert.deepEqual(session.missingEvents, {});
      assert.deepEqual(recorded, ['cpu', 'wall', 'alloc', 'lock']);
      assert.equal(profile.engine, 'ctimer');
      assert.match(say('cpu').headline, burns);
      assert.ok((profile.events.alloc?.samples.count.length ?? 0) > 0);
    });

  for (const collector of ['Serial', 'Parallel', 'Shenandoah', 'Z', 'Epsilon'])
    it(`the ${collector} collector`, async () => {
      const flags = ['-XX:+UnlockExperimentalVMOptions', `-XX:+Use${collector}GC`];
      // Without a collector the heap must last; the program then allocates little.
      const jvm = await jvmOf(
        collector === 'Epsilon'
          ? { flags: [...flags, '-Xmx1g'], args: ['1'] }
          : { flags: [...flags, '-Xmx128m'] },
      );
      const { recorded, say } = await capture(jvm.pid);
      assert.deepEqual(recorded, ['cpu', 'wall', 'alloc', 'lock']);
      if (collector !== 'Epsilon') assert.match(say('cpu').headline, burns);
    });

  // async-profiler #769: signals of the wall clock broke system calls of JDK 8 and 11.
  for (const release of ['8', '11'] as const)
    it(`JDK ${release} with many threads in a wait keeps running through two windows`, async () => {
      const jvm = await jvmOf({ jdk: jre(release), args: ['30', 'listen', '300', 'pool-'] });
      for (const round of [1, 2]) {
        const { profile } = await capture(jvm.pid);
        assert.ok((profile.events.wall?.samples.count.length ?? 0) > 0, `window ${round}`);
      }
      assert.doesNotMatch(jvm.output(), /Exception|Interrupted/);
    });

  // dd-trace-java #11749: the JDK's own sampler of CPU time and another profiler's timers, in one JVM.
  it('JDK 25 with its own recorder and its CPU-time sampler at work', async () => {
    const jvm = await jvmOf({
      jdk: jre('25'),
      flags: ['-XX:StartFlightRecording=jdk.CPUTimeSample#enabled=true,jdk.ExecutionSample#enabled=true'],
    });
    assert.match(jvm.output(), /Started recording 1/);
    const { recorded, say } = await capture(jvm.pid);
    assert.deepEqual(recorded, ['cpu', 'wall', 'alloc', 'lock']);
    assert.match(say('cpu').headline, burns);
  });

  it('a JVM of JDK 8 without debug symbols is profiled without alloc, which is unknown and not zero', async () => {
    const bare = withoutSymbols(jre('8'));
    try {
      const jvm = await jvmOf({ jdk: bare.jdk });
      const { session, recorded, say } = await capture(jvm.pid);
      assert.deepEqual(Object.keys(session.missingEvents), ['alloc']);
      assert.match(session.missingEvents['alloc'] ?? '', /^No AllocTracer symbols found/);
      assert.deepEqual(recorded, ['cpu', 'wall', 'lock']);
      assert.match(say('cpu').headline, burns);
      const missing = 'alloc is unknown: this JVM cannot record it (async-profiler: No AllocTracer symbols';
      assert.ok(
        say('cpu').lines.some((line) => line.startsWith(missing)),
        say('cpu').lines.join('\n'),
      );
      assert.equal(say('alloc').headline, 'alloc: this JVM cannot record it');
    } finally {
      bare.remove();
    }
  });

  it('a JVM of JDK 8 whose threads have no names is found and profiled', async () => {
    const jvm = await jvmOf({ jdk: jre('8u212') });
    const found = await hostJvms();
    assert.ok(found.some(({ pid }) => pid === jvm.pid));
    const { recorded, say } = await capture(jvm.pid);
    assert.deepEqual(recorded, ['cpu', 'wall', 'alloc', 'lock']);
    assert.match(say('cpu').headline, burns);
  });

  it('a JVM in a PID namespace without CPU timers is profiled with itimer', async () => {
    // unshare stays, and its child is the JVM.
    const outer = await jvmOf({ prefix: ['unshare', '-p', '-f', '--kill-child'] });
    const pid = Number(readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8'));
    const { session, profile, recorded, say } = await capture(pid);
    assert.match(session.checks['events'] ?? '', /^cpu by itimer; by ctimer: Failed to create CPU timer/);
    assert.equal(profile.engine, 'itimer');
    assert.deepEqual(session.missingEvents, {});
    assert.deepEqual(recorded, ['cpu', 'wall', 'alloc', 'lock']);
    assert.match(say('cpu').headline, burns);
  });
});
