import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { processCpu, unseenCpu } from '../../src/profile/process-cpu.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { compileProgram, startBurner, type Jvm, type JvmOptions } from '../setup/jvm.ts';
import { ours, profiler, unlessSlow } from './profiler-session.ts';

const exec = hostExec();
const { signal } = new AbortController();

describe('a JVM whose threads a timer of each cannot see', { timeout: 180_000 }, () => {
  let churner: ReturnType<typeof compileProgram>;
  let burner: ReturnType<typeof compileProgram>;
  const jvms: Jvm[] = [];
  before(() => {
    churner = compileProgram('Churner');
    burner = compileProgram('Burner');
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const jvm of jvms.splice(0)) closing.defer(() => jvm.stop('SIGKILL'));
  });
  after(() => {
    churner.remove();
    burner.remove();
  });

  const capture = async (classes: string, options: JvmOptions) => {
    const jvm = await startBurner(classes, options);
    jvms.push(jvm);
    const { pid } = jvm;
    const { session } = await unlessSlow(() =>
      profiler().start(
        exec,
        { captureId: captureId(Date.now()), durationSeconds: 5, process: null, pid },
        signal,
      ),
    );
    const { recording } = await profiler().collect(exec, session, { maxBytes: 50 * 1024 * 1024 }, signal);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(pid), []);
    const profile = readProfile(recording);
    const seconds = (profile.events.cpu?.samples.value ?? []).reduce((sum, one) => sum + one, 0) / 1e9;
    const { cores } = processCpu(profile) ?? { cores: NaN };
    return {
      said: session.checks['events'],
      engine: profile.engine,
      profile,
      share: seconds / profile.durationSeconds / cores,
    };
  };

  it('is sampled by a timer of the process, where its threads live for milliseconds', async () => {
    const { said, engine, profile, share } = await capture(churner.classes, {
      program: 'Churner',
      args: ['short'],
    });
    assert.match(
      said ?? '',
      /^cpu by itimer: its threads live for milliseconds \(\d+ ended while it was looked at\)$/,
    );
    assert.equal(engine, 'itimer');
    // By ctimer 3 % (measured).
    assert.ok(share > 0.6, `${share} of the CPU time`);
    assert.equal(unseenCpu(profile), null);
  });

  it('is so where a thousand threads share the work', async () => {
    const { said, engine, share } = await capture(churner.classes, {
      program: 'Churner',
      args: ['pool'],
      flags: ['-Xmx128m'],
    });
    assert.match(said ?? '', /^cpu by itimer: it has 1\d\d\d threads, which may share little work each$/);
    assert.equal(engine, 'itimer');
    // By ctimer 15 % (measured).
    assert.ok(share > 0.5, `${share} of the CPU time`);
  });

  it('is so where its user may have no more timers', async () => {
    const { said, engine, share } = await capture(burner.classes, {
      args: ['60'],
      prefix: ['prlimit', '--sigpending=8:8'],
    });
    assert.match(said ?? '', /^cpu by itimer: -?\d+ timers are left for its user, for \d+ threads$/);
    assert.equal(engine, 'itimer');
    assert.ok(share > 0.6, `${share} of the CPU time`);
  });

  it('but an ordinary one by a timer of each thread', async () => {
    const { said, engine, share } = await capture(burner.classes, { args: ['60'] });
    assert.equal(said, undefined);
    assert.equal(engine, 'ctimer');
    assert.ok(share > 0.7, `${share} of the CPU time`);
  });
});
