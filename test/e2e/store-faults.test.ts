import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { RunningFlamepin } from '../../demo/flamepin.ts';
import { BurnerScene, capturesToken } from '../setup/burner-scene.ts';
import {
  captureLogged,
  captureWhen,
  fireForCapture,
  isFinal,
  isProfiled,
  isTold,
  type CaptureJson,
} from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';
import { environmentOf, keysIn, storageIn } from '../setup/s3-access.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

const storeRetrySchema = z.object({ tries: z.number() });
const patienceMs = 90_000;

/** Faults of a store that an operator repairs: flamepin must have lost nothing by then. */
describe('a store that refuses for a while', () => {
  let burners: BurnerScene;

  before(async () => {
    burners = await BurnerScene.open('store-faults');
  });
  after(() => burners[Symbol.asyncDispose]());

  /** Two JVMs, and how to start a flamepin with this storage that profiles them. */
  async function scene(name: string, storage: string) {
    const home = await burners.home(name);
    const services = ['one', 'two'];
    await Promise.all(services.map((service) => burners.jvm(`${name}/${service}`, ['10'])));
    const routes = services.map((service) => burners.route(`${name}/${service}`, { service }));
    const start = (environment: NodeJS.ProcessEnv = {}): Promise<RunningFlamepin> =>
      burners.flamepin({ home, routes, storage, further: 'limits: {perNode: 2}', environment });
    return { home, start };
  }
  /** The command line with the same configuration. */
  function command(
    home: string,
    ...args: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const bin = join(import.meta.dirname, '..', '..', 'bin', 'flamepin.js');
    const config = ['--config', join(home, 'flamepin.yaml')];
    return new Promise((resolve) => {
      execFile(process.execPath, [bin, ...args, ...config], { timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }
  const storesNow = (flamepin: RunningFlamepin, path: string, bearer = capturesToken): Promise<Response> =>
    fetch(flamepin.url + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${bearer}` },
      signal: AbortSignal.timeout(60_000),
    });
  const waitsBecause = (code: string) => (capture: CaptureJson) =>
    capture.state === 'storing' && capture.reason?.code === code && capture.headline !== null;

  it('its directory is gone: the answer is still delivered; once back, a retry by hand stores everything', async () => {
    const root = join(burners.directory, 'artifacts');
    const { home, start } = await scene('directory', `{filesystem: {directory: ${root}}}`);
    const flamepin = await start();
    const ids: string[] = [];
    for (const service of ['one', 'two']) {
      const id = await fireForCapture(flamepin, `directory ${service}`, { service });
      ids.push(id);
      await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
    }
    await rename(root, `${root}-elsewhere`);
    for (const id of ids) {
      const capture = await captureWhen(flamepin, id, 'waiting', patienceMs, waitsBecause('store-missing'));
      assert.deepEqual(capture.artifacts, []);
      await waitFor('the answer on the panel', patienceMs, () =>
        /Burner.*not stored yet/.test(burners.markText(id)) ? true : undefined,
      );
      assert.doesNotMatch(burners.markText(id), /Open the flame graph|flamegraph\.svg|No profile/);
      const page = await (await fetch(`${flamepin.url}/captures/${id}`)).text();
      assert.match(page, /not stored yet: The bucket or directory does not exist/);
      assert.match(page, /the next is due at 20/);
    }
    assert.match(await (await fetch(`${flamepin.url}/captures`)).text(), /not stored yet\. Next try/);
    const metrics = await (await fetch(`${flamepin.url}/metrics`)).text();
    assert.ok(Number(/^flamepin_spool_bytes (\d+)/m.exec(metrics)?.[1]) > 1_000, 'what waits can be watched');
    // Other captures go on: windows are not held up by what waits.
    const third = await fireForCapture(flamepin, 'directory three', { service: 'one' });
    await captureWhen(flamepin, third, 'the first sample', patienceMs, isProfiled);
    // By now tries are many seconds apart.
    const tried = ({ storeRetry }: CaptureJson): boolean => storeRetrySchema.parse(storeRetry).tries >= 5;
    for (const id of ids) await captureWhen(flamepin, id, 'five failed tries', patienceMs, tried);

    // In vain, but it is tried.
    const asked = await command(home, 'store', ids[1] ?? '', '--url', flamepin.url);
    assert.deepEqual([asked.code, asked.stderr], [0, '']);
    assert.match(asked.stdout, new RegExp(ids[1] ?? ''));

    await rename(`${root}-elsewhere`, root);
    assert.equal((await storesNow(flamepin, `/captures/${ids[0]}/store`, 'wrong')).status, 401);
    assert.equal((await storesNow(flamepin, '/captures/c-00000000000000000000000000/store')).status, 404);
    assert.equal((await storesNow(flamepin, `/captures/${ids[0]}/store`)).status, 202);
    // The first that the store takes brings the others along.
    for (const id of [...ids, third]) {
      const capture = await captureWhen(flamepin, id, 'the end', patienceMs, isTold);
      assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
      assert.equal(capture['storeRetry'], null);
      assert.ok(capture.artifacts.length >= 5);
      for (const { path } of capture.artifacts.filter(({ name }) => name !== 'recording.jfr'))
        assert.equal((await fetch(flamepin.url + path)).status, 200, path);
      await waitFor('the whole mark', patienceMs, () =>
        /Open the flame graph/.test(burners.markText(id)) ? true : undefined,
      );
      const tries = flamepin.log.filter(
        ({ msg, captureId }) => captureId === id && msg === 'not stored yet; will retry',
      );
      assert.ok(tries.length <= 1, 'said once, not at every try');
    }
    assert.equal((await storesNow(flamepin, `/captures/${ids[0]}/store`)).status, 409);
    const refused = await command(home, 'store', ids[0] ?? '', '--url', flamepin.url);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Nothing in this capture is waiting to be stored: it is done/);
    const all = await command(home, 'store', '--url', flamepin.url);
    assert.deepEqual([all.code, all.stderr], [0, 'Nothing is waiting to be stored.\n']);
    const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    assert.deepEqual(
      files.filter(({ name }) => name.endsWith('.part')),
      [],
    );
  });

  it('its bucket gone, then its rights, with a restart in between: stored once they are back', async () => {
    const s3: S3Server = await startS3();
    burners.closing.defer(() => s3.stop());
    const { endpoint, region, bucket, credentials } = s3;
    const { start } = await scene('s3', storageIn(s3));
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    burners.closing.defer(() => client.destroy());

    const first = await start(environmentOf(s3));
    const ids: string[] = [];
    for (const service of ['one', 'two']) {
      const id = await fireForCapture(first, `s3 ${service}`, { service });
      ids.push(id);
      await captureWhen(first, id, 'the first sample', patienceMs, isProfiled);
    }
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    for (const id of ids) await captureWhen(first, id, 'waiting', patienceMs, waitsBecause('store-missing'));
    await first.kill();

    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const second = await start(environmentOf(s3, s3.powerless));
    for (const id of ids) {
      await captureWhen(second, id, 'waiting', patienceMs, waitsBecause('store-denied'));
      await captureLogged(second, id, 'not stored yet; will retry', patienceMs);
    }
    await second.stop();

    const third = await start(environmentOf(s3));
    for (const id of ids) {
      const capture = await captureWhen(third, id, 'the end', patienceMs, isFinal);
      assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
      assert.equal((await keysIn(s3)).filter((key) => key.includes(id)).length, capture.artifacts.length);
      await waitFor('the whole mark', patienceMs, () =>
        /Open the flame graph/.test(burners.markText(id)) ? true : undefined,
      );
    }
    assert.deepEqual(third.otherOutput, []);
  });
});
