import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';
import { BurnerScene } from '../setup/burner-scene.ts';
import { captureWhen, fireForCapture, isFinal, isProfiled, isTold } from '../setup/flamepin-client.ts';
import { leftOf } from '../setup/host-jvm.ts';
import { waitFor } from '../setup/process.ts';

const patienceMs = 60_000;
const hourMs = 3_600_000;

/** flamepin alone sees the other time; the JVM and the profiler in it do not. */
describe("the machine's clock is set in the middle of a window", { concurrency: true }, () => {
  let scene: BurnerScene;
  before(async () => {
    scene = await BurnerScene.open('clock');
  });
  after(() => scene[Symbol.asyncDispose]());

  for (const [words, step] of [
    ['back', '-1h'],
    ['forward', '+1h'],
  ] as const)
    it(`${words} by an hour: it ends in time, the target is clean, and what comes next goes on`, async () => {
      const [library, ...others] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
      assert.ok(library !== undefined && others.length === 0, 'apt-get install faketime');
      const home = await scene.home(words);
      const clock = join(home, 'clock');
      await writeFile(clock, '+0');
      const jvm = await scene.jvm(words);
      const flamepin = await scene.flamepin({
        home,
        routes: [scene.route(words, { seconds: 20 })],
        environment: {
          LD_PRELOAD: library,
          FAKETIME_TIMESTAMP_FILE: clock,
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        },
      });
      const id = await fireForCapture(flamepin, `${words} 1`, {});
      await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
      const next = await fireForCapture(flamepin, `${words} 2`, {});
      const began = performance.now();
      await writeFile(clock, step);
      await waitFor('the step', patienceMs, () =>
        flamepin.log.find(({ msg }) => msg.includes('clock was changed')),
      );

      const capture = await captureWhen(flamepin, id, 'the end', 2 * patienceMs, isTold);
      assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
      assert.equal(capture.annotation.state, 'finished');
      assert.equal(capture.partial, false);
      assert.deepEqual(leftOf(0, id), []);
      const ended = Date.parse(capture.timeline['windowEndedAt'] ?? '');
      const expected = Date.now() + (step === '-1h' ? -hourMs : hourMs);
      assert.ok(Math.abs(ended - expected) < 2 * patienceMs, 'its end is told by the clock as it is now');

      const after = await captureWhen(flamepin, next, 'the end', 2 * patienceMs, isFinal);
      assert.equal(after.state, 'done', JSON.stringify(after.reason));
      assert.deepEqual(leftOf(jvm.pid, next), []);
      assert.ok(performance.now() - began < 3 * patienceMs, 'nothing waited for the clock to come again');
    });
});
