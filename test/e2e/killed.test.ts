import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RunningFlamepin } from '../../demo/flamepin.ts';
import { BurnerScene } from '../setup/burner-scene.ts';
import {
  captureLogged,
  captureWhen,
  fireForCapture,
  isProfiled,
  isTold,
  type CaptureJson,
} from '../setup/flamepin-client.ts';
import { isBeingProfiled, leftOf } from '../setup/host-jvm.ts';
import type { Jvm } from '../setup/jvm.ts';
import { waitFor } from '../setup/process.ts';
import { environmentOf, keysIn, storageIn } from '../setup/s3-access.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

/** A window, a start and what a busy machine adds. */
const patienceMs = 60_000;

describe('flamepin goes away in the middle of a capture', { concurrency: true }, () => {
  let burners: BurnerScene;
  let s3: S3Server;

  before(async () => {
    burners = await BurnerScene.open('killed');
    s3 = await startS3();
    burners.closing.defer(() => s3.stop());
  });
  after(() => burners[Symbol.asyncDispose]());

  /** A JVM, and a flamepin of its own that profiles just this one; started again, it finds what it left. */
  async function scene(name: string, storage?: string) {
    const home = await burners.home(name);
    const jvm = await burners.jvm(name);
    const start = (further = ''): Promise<RunningFlamepin> =>
      burners.flamepin({
        home,
        routes: [burners.route(name)],
        storage,
        further,
        environment: environmentOf(s3),
      });
    return { home, jvm, start };
  }

  function assertToldOnce({ id, state, reason }: CaptureJson, words: RegExp, wanted = 'done'): void {
    assert.equal(state, wanted, JSON.stringify(reason));
    assert.match(burners.markText(id), words);
  }

  const assertNothingLeft = (jvm: Jvm, { id }: CaptureJson): void =>
    assert.deepEqual(leftOf(jvm.pid, id), []);

  it('by SIGKILL: the JVM ends its profiling by itself, and the next start stores one picture and one mark', async () => {
    const { home, jvm, start } = await scene('window');
    const first = await start();
    const id = await fireForCapture(first, 'a1', {});
    await captureWhen(first, id, 'the first sample', patienceMs, isProfiled);
    await first.kill();
    assert.equal(isBeingProfiled(jvm.pid), true);
    await waitFor('the end of profiling', patienceMs, () => (isBeingProfiled(jvm.pid) ? undefined : true));

    const second = await start();
    const capture = await captureWhen(second, id, 'the end', patienceMs, isTold);
    assertToldOnce(capture, /Burner/);
    assert.equal(capture.partial, false);
    assertNothingLeft(jvm, capture);
    const files = (await readdir(join(home, 'artifacts'), { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile() && !entry.name.startsWith('.'),
    );
    assert.equal(files.length, capture.artifacts.length, files.map(({ name }) => name).join(' '));
    assert.equal(jvm.process.exitCode, null);
  });

  it('by SIGTERM in the window, then SIGKILL while S3 is away: each start goes on, and stores once', async () => {
    const { jvm, start } = await scene('storing', storageIn(s3));
    const first = await start();
    const id = await fireForCapture(first, 'b1', {});
    await captureWhen(first, id, 'the first sample', patienceMs, isProfiled);
    await first.stop();
    assert.equal(first.exitCode(), 0, 'ended by itself within its grace');
    assert.equal(isBeingProfiled(jvm.pid), true, 'the window goes on');

    await s3.kill();
    const second = await start();
    await captureWhen(second, id, 'storing', patienceMs, ({ state }) => state === 'storing');
    await captureLogged(second, id, 'not stored yet; will retry', patienceMs);
    await second.kill();

    await s3.restart();
    const third = await start();
    const capture = await captureWhen(third, id, 'the end', patienceMs, isTold);
    assertToldOnce(capture, /Burner/);
    assertNothingLeft(jvm, capture);
    assert.equal((await keysIn(s3)).filter((key) => key.includes(id)).length, capture.artifacts.length);
  });

  it('by SIGKILL after the intent to start: the JVM is not touched again, and the mark says why', async () => {
    const { home, jvm, start } = await scene('intent');
    // A pipe that nobody writes to: reading the profiler never ends, with the intent to start in the ledger.
    const tools = join(home, 'tools');
    await mkdir(tools);
    execFileSync('mkfifo', [join(tools, 'asprof'), join(tools, 'libasyncProfiler.so')]);
    const first = await start(`profiler: {directory: ${tools}}\n`);
    const id = await fireForCapture(first, 'c1', {});
    await captureWhen(first, id, 'the intent', patienceMs, ({ state }) => state === 'capturing');
    await first.kill();

    const second = await start();
    const capture = await captureWhen(second, id, 'the end', patienceMs, isTold);
    assert.equal(capture.reason?.code, 'interrupted');
    assertToldOnce(capture, /stopped during this capture/, 'failed');
    assert.deepEqual(capture.artifacts, []);
    assertNothingLeft(jvm, capture);
  });

  it('by SIGKILL while the session starts: it is never started again, and ends by itself', async () => {
    const { jvm, start } = await scene('start');
    const first = await start();
    const id = await fireForCapture(first, 'd1', {});
    // What is sent to the JVM appears some 0.3 s before the answer that its session runs.
    await waitFor('the agent beside the JVM', patienceMs, () => leftOf(jvm.pid, id)[0]);
    await first.kill();

    const second = await start();
    const capture = await captureWhen(second, id, 'the end', patienceMs, isTold);
    // A slow machine may have written the session down before the kill: then it is collected.
    if (capture.state === 'failed') assert.equal(capture.reason?.code, 'interrupted');
    assertToldOnce(capture, /stopped during this capture|Burner/, capture.state);
    await waitFor('the end of profiling', patienceMs, () =>
      leftOf(jvm.pid, id).length > 0 && isBeingProfiled(jvm.pid) ? undefined : true,
    );
    assert.deepEqual(leftOf(0, id), [], 'no recording is left, though nobody knew of the session');
    assert.equal(jvm.process.exitCode, null);
  });
});
