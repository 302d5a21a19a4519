import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { captureId } from '../../src/captures/capture-id.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { hostTargets } from '../../src/targets/host/host.ts';
import { controlGroup } from '../setup/control-group.ts';
import {
  compileBurner,
  jdkName,
  jdks,
  muslJre,
  startBurner,
  type Jvm,
  type JvmOptions,
} from '../setup/jvm.ts';
import { start as startProgram, waitFor } from '../setup/process.ts';
import { active, failsWith, ours, profiler } from './profiler-session.ts';

const exec = hostExec();
const { signal } = new AbortController();
const maxBytes = 50 * 1024 * 1024;

describe('profiling a JVM on this machine', () => {
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
  const jvmOf = async (options: JvmOptions = {}): Promise<Jvm> => {
    const jvm = await startBurner(burner.classes, options);
    jvms.push(jvm);
    return jvm;
  };
  const begin = (jvm: Jvm, durationSeconds = 2) =>
    profiler().start(
      exec,
      { captureId: captureId(Date.now()), durationSeconds, process: null, pid: jvm.pid },
      signal,
    );

  for (const jdk of [...jdks(), muslJre()]) {
    it(`fetches a recording and leaves nothing, twice on one JVM of JDK ${jdkName(jdk)}`, async () => {
      const jvm = await jvmOf({ jdk });
      for (const round of ['cold', 'warm']) {
        const calledAt = Date.now();
        const { session, firstSampleAt } = await begin(jvm, 1);
        assert.equal(session.pid, jvm.pid);
        assert.ok(firstSampleAt !== null && Date.parse(firstSampleAt) >= calledAt, round);
        assert.equal(session.clockSkewMs, 0);
        assert.match(session.commandLine, /java -Xmx32m Burner$/);
        assert.equal(session.checks['attach'], 'not switched off');

        const collected = await profiler().collect(exec, session, { maxBytes }, signal);
        assert.equal(collected.partial, false);
        assert.equal(collected.recording.subarray(0, 4).toString('latin1'), 'FLR\0');
        assert.ok(collected.recording.length > 2000, `${collected.recording.length} bytes`);
        const endedAt = Date.parse(collected.windowEndedAt ?? '');
        assert.ok(endedAt >= calledAt + 900 && endedAt <= Date.now(), collected.windowEndedAt ?? 'null');
        assert.equal(await active(jvm.pid, session), false);

        assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
        assert.deepEqual(ours(jvm.pid), []);
        for (const path of session.leftovers) assert.equal(existsSync(path), false, path);
      }
      assert.equal(jvm.process.exitCode, null);
    });
  }

  it('fetches what a JVM killed in the window had recorded, as partial', async () => {
    const jvm = await jvmOf({ args: ['80'] });
    const { session } = await begin(jvm, 30);
    // It records until it is killed: what has been written by then is up to the window, and a second of it is enough.
    await sleep(1200);
    await jvm.stop('SIGKILL');
    const collected = await profiler().collect(exec, session, { maxBytes }, signal);
    assert.equal(collected.partial, true);
    assert.ok(collected.recording.length > 0);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(jvm.pid), []);
  });

  it('does not mistake another process with the same pid for the profiled one', async () => {
    const jvm = await jvmOf();
    const { session } = await begin(jvm, 1);
    await profiler().collect(exec, session, { maxBytes }, signal);
    await profiler().cleanUp(exec, session, signal);
    const replaced = { ...session, startTicks: String(Number(session.startTicks) - 100) };
    await failsWith('target-gone', profiler().collect(exec, replaced, { maxBytes }, signal));
    await failsWith('recording-missing', profiler().collect(exec, session, { maxBytes }, signal));
  });

  it('refuses a recording that is too large, and leaves it until cleanup', async () => {
    const jvm = await jvmOf();
    const { session } = await begin(jvm, 1);
    await failsWith('exec-overflow', profiler().collect(exec, session, { maxBytes: 100 }, signal));
    assert.ok(existsSync(session.recordingPath));
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
  });

  it('ends a session that is cleaned up before its window is over', async () => {
    const jvm = await jvmOf();
    const { session } = await begin(jvm, 60);
    assert.equal(await active(jvm.pid, session), true);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.equal(await active(jvm.pid, session), false);
  });

  it('is not started twice for one capture, nor while another window is open', async () => {
    const jvm = await jvmOf();
    const id = captureId(Date.now());
    // Open while two others are tried, also where each takes seconds.
    const request = { captureId: id, durationSeconds: 10, process: null, pid: jvm.pid };
    const { session } = await profiler().start(exec, request, signal);
    await failsWith('profiler-conflict', begin(jvm));
    await failsWith('profiler-conflict', profiler().start(exec, request, signal));
    const collected = await profiler().collect(exec, session, { maxBytes }, signal);
    assert.equal(collected.partial, false);
    await profiler().cleanUp(exec, session, signal);
    assert.deepEqual(ours(jvm.pid), []);
  });

  it('survives kill -9 of flamepin in the window: the next start collects', async () => {
    const jvm = await jvmOf({ args: ['60'] });
    const child = startProgram(process.execPath, [
      new URL('profiler-child.ts', import.meta.url).pathname,
      captureId(Date.now()),
      String(jvm.pid),
    ]);
    const line = await waitFor(
      'a session',
      60_000,
      () => /^session (.*)$/m.exec(child.output())?.[1],
      () => child.output(),
    );
    child.process.kill('SIGKILL');
    const session = JSON.parse(line) as Parameters<ReturnType<typeof profiler>['collect']>[1];
    assert.equal(await active(jvm.pid, session), true);
    const collected = await profiler().collect(exec, session, { maxBytes }, signal);
    assert.equal(collected.partial, false);
    assert.ok(collected.recording.length > 2000);
    assert.equal(await active(jvm.pid, session), false);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(jvm.pid), []);
  });

  it('cleans up after a crash by capture id alone, without harm to other JVMs', async () => {
    const [lost, other] = [await jvmOf(), await jvmOf()];
    const id = captureId(Date.now());
    await profiler().start(exec, { captureId: id, durationSeconds: 1, process: null, pid: lost.pid }, signal);
    const { session } = await begin(other, 2);
    await lost.stop('SIGKILL');
    assert.deepEqual(await profiler().cleanUpUnknown(exec, id, signal), { left: [] });
    assert.deepEqual(ours(lost.pid), []);
    assert.equal((await profiler().collect(exec, session, { maxBytes }, signal)).partial, false);
    await profiler().cleanUp(exec, session, signal);
  });

  it('leaves nothing in a JVM that lives on after an interrupted start, when the process is known', async () => {
    const jvm = await jvmOf();
    const id = captureId(Date.now());
    const request = { captureId: id, durationSeconds: 10, process: null, pid: jvm.pid };
    const { session } = await profiler().start(exec, request, signal);
    assert.deepEqual(await profiler().cleanUpUnknown(exec, id, signal, session), { left: [] });
    for (const path of session.leftovers) assert.equal(existsSync(path), false, path);
    assert.deepEqual(ours(jvm.pid), []);

    // The session ends by itself, and what is refused until then leaves nothing either.
    assert.equal(await active(jvm.pid, session), true);
    await failsWith('profiler-conflict', begin(jvm));
    assert.deepEqual(ours(jvm.pid), []);
    for (let tries = 0; tries < 300 && (await active(jvm.pid, session)); tries++) await sleep(100);
    const { session: next } = await begin(jvm, 1);
    assert.equal((await profiler().collect(exec, next, { maxBytes }, signal)).partial, false);
    await profiler().cleanUp(exec, next, signal);
    assert.deepEqual(ours(jvm.pid), []);
  });

  it('leaves the profiler there after an interrupted start while another capture has its window', async () => {
    const jvm = await jvmOf();
    const { session } = await begin(jvm, 8);
    const interrupted = captureId(Date.now());
    assert.deepEqual(await profiler().cleanUpUnknown(exec, interrupted, signal, session), { left: [] });
    assert.equal((await profiler().collect(exec, session, { maxBytes }, signal)).partial, false);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(jvm.pid), []);
  });

  it('finds the JVM by pid, by pattern, by the port of the alert, or takes the busiest and says so', async () => {
    const calm = await jvmOf({ flags: ['-Dname=calm'], args: ['0', 'listen'] });
    const busy = await jvmOf({ flags: ['-Dname=busy'], args: ['90'] });
    const targets = hostTargets({ names: [], unitLabels: [] });
    const resolve = (request: { process?: string; uri?: string; instance?: string }) =>
      targets.resolve(
        {
          labels: request.instance === undefined ? {} : { instance: request.instance },
          startsAt: '2026-01-01T00:00:00Z',
          generatorUrl: '',
          ...(request.uri === undefined ? {} : { uri: request.uri }),
          ...(request.process === undefined ? {} : { process: request.process }),
        },
        signal,
      );
    const classes = burner.classes.split('/').at(-1) ?? '';

    const named = await resolve({ uri: `host://${calm.pid}` });
    assert.equal(named.data['pid'], calm.pid);
    assert.match(named.workload, /\/Burner$/);
    assert.equal((await resolve({ process: `name=calm.*${classes}` })).data['pid'], calm.pid);
    const port = /port (\d+)/.exec(calm.output())?.[1] ?? '';
    const listening = await resolve({ process: classes, instance: `localhost:${port}` });
    assert.equal(listening.data['pid'], calm.pid);
    assert.match(listening.choice, /listens on port/);
    const busiest = await resolve({ process: classes });
    assert.equal(busiest.data['pid'], busy.pid);
    assert.match(busiest.choice, /^busiest of 2 JVMs/);
    await failsWith('target-not-found', resolve({ process: 'no such (process)' }));
    await failsWith('target-not-found', resolve({ uri: 'host://4194399' }));
    await failsWith('not-a-jvm', resolve({ uri: 'host://1' }));

    assert.deepEqual(await targets.health(busiest, null, signal), { alive: true });
    await busy.stop('SIGKILL');
    assert.equal((await targets.health(busiest, null, signal)).alive, false);
  });

  it('finds the JVM by its systemd unit, and takes no other in its place', async () => {
    const name = `shop-${process.pid}.service`;
    const group = controlGroup('pids', name);
    try {
      const jvm = await jvmOf({ args: ['0'] });
      await jvmOf({ args: ['90'] });
      group.add(jvm.pid);
      const targets = hostTargets({ names: [], unitLabels: [] });
      const resolve = (labels: Record<string, string>, fixed: Record<string, string> = {}) =>
        targets.resolve({ labels, startsAt: '', generatorUrl: '', fixed }, signal);
      const labelled = await resolve({ name, state: 'failed' });
      assert.equal(labelled.data['pid'], jvm.pid);
      assert.equal(labelled.choice, `the JVM of unit ${name} (label name)`);
      assert.equal((await resolve({}, { unit: name })).data['pid'], jvm.pid);
      await failsWith('target-not-found', resolve({ name: 'nginx.service' }));
      await jvm.stop('SIGKILL');
    } finally {
      group.remove();
    }
  });

  it('finds the JVM inside the target by pattern, or takes the busiest and says so', async () => {
    const calm = await jvmOf({ flags: ['-Dname=calm'], args: ['0'] });
    const busy = await jvmOf({ flags: ['-Dname=busy'], args: ['90'] });
    const classes = burner.classes.split('/').at(-1) ?? '';
    const find = async (pattern: string) => {
      const request = { captureId: captureId(Date.now()), durationSeconds: 1, process: pattern, pid: null };
      const { session } = await profiler().start(exec, request, signal);
      await profiler().cleanUp(exec, session, signal);
      return session;
    };
    const patterned = await find(`name=calm.*${classes}`);
    assert.equal(patterned.pid, calm.pid);
    assert.equal(patterned.choice, '');
    const busiest = await find(classes);
    assert.equal(busiest.pid, busy.pid);
    assert.match(busiest.choice, /^busiest of 2 JVMs over one second/);
    await failsWith('not-a-jvm', find('no such (process)'));
    assert.deepEqual(
      readdirSync('/tmp').filter((name) => name.includes(String(calm.pid)) && name.startsWith('flamepin')),
      [],
    );
  });
});
