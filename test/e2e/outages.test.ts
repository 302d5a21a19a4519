import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RunningFlamepin } from '../../demo/flamepin.ts';
import type { Grafana } from '../grafana/grafana.ts';
import { BurnerScene } from '../setup/burner-scene.ts';
import {
  captureLogged,
  captureWhen,
  fireForCapture,
  isFinal,
  isProfiled,
  isTold,
} from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';
import { environmentOf, keysIn, storageIn } from '../setup/s3-access.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

const patienceMs = 60_000;

describe('S3 and Grafana go away and come back', () => {
  let scene: BurnerScene;
  let grafana: Grafana;
  let s3: S3Server;
  let flamepin: RunningFlamepin;
  const names = ['one', 'two', 'three'];

  before(async () => {
    scene = await BurnerScene.open('outages');
    ({ grafana } = scene);
    s3 = await startS3();
    scene.closing.defer(() => s3.stop());
    await Promise.all(names.map((name) => scene.jvm(name, ['10'])));
    flamepin = await scene.flamepin({
      routes: names.map((service) => scene.route(service, { service })),
      storage: storageIn(s3),
      further: 'limits: {perNode: 3}',
      environment: environmentOf(s3),
    });
  });
  after(() => scene[Symbol.asyncDispose]());

  it('ends every capture done, with each artifact and each mark once; Grafana delays only the mark', async () => {
    const ids: string[] = [];
    const begin = async (name: string): Promise<void> => {
      const id = await fireForCapture(flamepin, name, { service: name });
      ids.push(id);
      await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
    };
    // One begins while Grafana is well, one while it is away, one while its answers get lost.
    await begin('one');
    await waitFor('the first mark', patienceMs, () => grafana.annotations()[0]);
    await grafana.setDown(true);
    await begin('two');
    await captureLogged(flamepin, ids[1] ?? '', 'the mark is late', patienceMs);
    await grafana.setDown(false);
    grafana.loseAnswers(4);
    await begin('three');
    await grafana.setDown(true);
    await s3.kill();

    // A try that meets no S3, for each of them.
    for (const id of ids) await captureLogged(flamepin, id, 'not stored yet; will retry', patienceMs);
    await s3.restart();
    for (const id of ids) {
      const capture = await captureWhen(flamepin, id, 'the end', patienceMs, isFinal);
      assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
      assert.notEqual(capture.annotation.state, 'finished', 'Grafana is away');
    }

    grafana.loseAnswers(2);
    await grafana.setDown(false);
    const stored = await keysIn(s3);
    for (const id of ids) {
      const capture = await captureWhen(flamepin, id, 'the finished mark', patienceMs, isTold);
      assert.equal(capture.annotation.state, 'finished', JSON.stringify(capture.annotation.reason));
      assert.equal(capture.partial, false);
      assert.equal(stored.filter((key) => key.includes(id)).length, capture.artifacts.length);
      assert.match(scene.markText(id), /Open the flame graph/);
    }
    assert.equal(grafana.annotations().length, ids.length);

    assert.deepEqual(flamepin.otherOutput, []);
    for (const entry of flamepin.log)
      for (const secret of [s3.credentials.secretAccessKey, grafana.token])
        assert.ok(!JSON.stringify(entry).includes(secret), entry.msg);
  });
});
