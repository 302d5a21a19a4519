import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { readPayload, sha256Of } from '../../src/profiler/payload.ts';
import { Profiler } from '../../src/profiler/profiler.ts';
import { hostExec } from '../../src/targets/host-exec.ts';
import { startTicksOf } from '../../src/targets/host-processes.ts';
import { beginHeapDump } from '../setup/heap-dump.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';
import { waitFor } from '../setup/process.ts';
import { asprof, failsWith, ours, profiler, toolsDirectory } from './profiler-session.ts';

const host = hostExec();
const { signal } = new AbortController();
const architecture = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';

describe('after flamepin gave up, nothing begins', () => {
  let burner: ReturnType<typeof compileBurner>;
  let directory: string;
  const jvms: Jvm[] = [];
  before(() => {
    burner = compileBurner();
  });
  afterEach(async () => {
    for (const jvm of jvms.splice(0)) await jvm.stop('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
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

  /** The real asprof, which waits before that action until it is let go on. */
  const heldBefore = (action: string) => {
    const [reached, released] = [join(directory, 'reached'), join(directory, 'released')];
    const real = join(toolsDirectory(), 'asprof');
    const text = `#!/bin/sh
if [ "$1" = ${action} ]; then
  : >${reached}
  until [ -e ${released} ]; do sleep 0.05; done
fi
exec ${real} "$@"
`;
    const held = new Profiler(async () => {
      const payload = await readPayload(toolsDirectory(), architecture);
      const bytes = Buffer.concat([Buffer.from(text), payload.bytes.subarray(payload.asprofBytes)]);
      return { architecture, bytes, asprofBytes: Buffer.byteLength(text), sha256: sha256Of(bytes) };
    });
    return {
      held,
      reached: () => waitFor(`asprof ${action}`, 60_000, () => existsSync(reached) || undefined),
      release: () => writeFileSync(released, ''),
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
        const failure = await failsWith(
          'profiler-failed',
          profiler().start(host, request(jvm.pid, id), signal),
        );
        assert.match(failure.detail, /did not answer within 10 s/);
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
      const failing = failsWith('profiler-failed', held.start(host, request(jvm.pid, id), signal));
      await reached();
      const dump = await beginHeapDump(jvm.pid);
      release();
      try {
        const failure = await failing;
        assert.match(failure.detail, /did not answer within 20 s/);
      } finally {
        await dump.finish();
      }
      await assertUntouched(jvm, id);
    });
});
