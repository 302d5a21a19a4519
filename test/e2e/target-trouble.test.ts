import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { RunningFlamepin } from '../../demo/flamepin.ts';
import { BurnerScene, capturesToken } from '../setup/burner-scene.ts';
import { captureWhen, fireForCapture, isFinal, isProfiled, isTold } from '../setup/flamepin-client.ts';
import { leftOf } from '../setup/host-jvm.ts';

const patienceMs = 60_000;
const blocksSchema = z.object({ blocks: z.array(z.looseObject({ key: z.string(), captureId: z.string() })) });

describe('a JVM that is in trouble', () => {
  let scene: BurnerScene;
  let flamepin: RunningFlamepin;
  /** Removed when nothing can write them any more. */
  const leftovers = new AsyncDisposableStack();

  before(async () => {
    scene = await BurnerScene.open('trouble');
    scene.closing.use(leftovers);
    flamepin = await scene.flamepin({
      routes: ['exits', 'stopped', 'dies'].map((service) => scene.route(service, { service })),
      further: 'limits: {perNode: 3}',
    });
  });
  after(() => scene[Symbol.asyncDispose]());

  const alert = (name: string, fingerprint = name): Promise<string> =>
    fireForCapture(flamepin, fingerprint, { service: name });
  const asOperator = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(flamepin.url + path, {
      ...init,
      headers: { Authorization: `Bearer ${capturesToken}`, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(60_000),
    });
  const blocks = async () => blocksSchema.parse(await (await asOperator('/blocks')).json()).blocks;

  it('is skipped with reason and remedy when it is stopped', async () => {
    const jvm = await scene.jvm('stopped');
    process.kill(jvm.pid, 'SIGSTOP');
    const id = await alert('stopped');
    const capture = await captureWhen(flamepin, id, 'the end', patienceMs, isTold);
    assert.equal(capture.state, 'skipped');
    assert.equal(capture.reason?.code, 'target-stopped');
    assert.match(scene.markText(id), /SIGCONT/);
    assert.deepEqual(leftOf(jvm.pid, id), []);
  });

  it('is reported, and blocked until released, when it exits in its window or dies after it', async () => {
    const [exits, dies] = await Promise.all([scene.jvm('exits'), scene.jvm('dies')]);
    const [early, late] = await Promise.all([alert('exits'), alert('dies')]);
    for (const id of [early, late])
      await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
    // So much of the window is recorded before the target exits that its cut recording holds samples.
    await sleep(4_000);
    await exits.stop('SIGTERM');

    const cut = await captureWhen(flamepin, early, 'the end', patienceMs, isTold);
    assert.ok(cut.partial || cut.reason !== null, 'partial or explained');
    assert.match(
      scene.markText(early),
      cut.state === 'done' ? /[Pp]art/ : /went away|not there|does not exist|could not be read/,
    );
    assert.deepEqual(leftOf(exits.pid, early), []);

    const whole = await captureWhen(flamepin, late, 'the end', patienceMs, isTold);
    assert.equal(whole.state, 'done', JSON.stringify(whole.reason));
    assert.equal(whole.partial, false);
    await dies.stop('SIGKILL');
    const harmed = await captureWhen(flamepin, late, 'the harm', patienceMs, ({ harm }) => harm !== null);
    assert.match(harmed.harm ?? '', new RegExp(`process ${dies.pid} has ended`));
    await captureWhen(flamepin, early, 'the harm in its window', patienceMs, ({ harm }) => harm !== null);
    await captureWhen(flamepin, late, 'the mark that tells of it', patienceMs, () =>
      /has ended/.test(scene.markText(late)),
    );
    const page = await (await fetch(`${flamepin.url}/captures/${late}`)).text();
    assert.match(page, /has ended/);

    const [block] = await blocks();
    assert.ok(block !== undefined);
    const again = await scene.jvm('dies');
    const refused = await captureWhen(flamepin, await alert('dies', 'again'), 'the end', patienceMs, isTold);
    assert.equal(refused.state, 'skipped');
    assert.equal(refused.reason?.code, 'target-blocked');
    assert.match(scene.markText(refused.id), /blocked/);
    assert.deepEqual(leftOf(again.pid, refused.id), []);

    const released = await asOperator('/blocks/release', {
      method: 'POST',
      body: JSON.stringify({ key: block.key }),
    });
    assert.equal(released.status, 200);
    assert.deepEqual(await blocks(), []);
    const allowed = await alert('dies', 'once more');
    // Its window is not waited for; what the next start would collect goes when flamepin and the JVM have ended.
    leftovers.defer(async () => {
      for (const path of leftOf(again.pid, allowed)) await rm(path, { recursive: true, force: true });
    });
    const running = await captureWhen(
      flamepin,
      allowed,
      'the first sample',
      patienceMs,
      (capture) => isProfiled(capture) || isFinal(capture),
    );
    assert.equal(running.state, 'capturing', JSON.stringify(running.reason));
  });
});
