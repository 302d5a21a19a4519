import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CreateBucketCommand, DeleteBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import {
  captureLogged,
  captureWhen,
  fireForCapture,
  isFinal,
  isProfiled,
  isTold,
  type CaptureJson,
} from '../setup/flamepin-client.ts';
import { compileBurner, startBurner } from '../setup/jvm.ts';
import { waitFor } from '../setup/process.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

const storeRetrySchema = z.object({ tries: z.number() });
const patienceMs = 90_000;
const token = 'captures-token-of-this-test';

/** Faults of a store that an operator repairs: flamepin must have lost nothing by then. */
describe('a store that refuses for a while', () => {
  let directory = '';
  let burner: ReturnType<typeof compileBurner>;
  let grafana: Grafana;
  const closing = new AsyncDisposableStack();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-store-faults-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    burner = compileBurner();
    closing.defer(() => burner.remove());
    grafana = await startGrafana();
    closing.defer(() => grafana.close());
    await writeFile(join(directory, 'grafana.token'), grafana.token);
    await writeFile(join(directory, 'captures.token'), token);
  });
  after(() => closing.disposeAsync());

  /** Two JVMs, and how to start a flamepin with this storage that profiles them. */
  async function scene(name: string, storage: string) {
    const routes = await Promise.all(
      ['one', 'two'].map(async (service) => {
        const mark = `-Dflamepin.test=${directory}/${name}/${service}`;
        const jvm = await startBurner(burner.classes, { flags: [mark], args: ['10'] });
        closing.defer(() => jvm.stop('SIGKILL'));
        return `  - {matchers: ['service="${service}"'], duration: 15s, cooldown: 0s, event: cpu, target: {host: {process: "${mark}$|${mark} "}}}`;
      }),
    );
    const configuration = `server: {port: 0, publicUrl: "http://flamepin.test"}
limits: {perNode: 2}
routes:
${routes.join('\n')}
access: {capturesTokenFile: ${join(directory, 'captures.token')}}
storage: ${storage}
grafana: {url: "${grafana.url}", tokenFile: ${join(directory, 'grafana.token')}}
ledger: {sqlite: {path: ${join(directory, name, 'flamepin.db')}}}
`;
    return async (environment: NodeJS.ProcessEnv = {}): Promise<RunningFlamepin> => {
      const flamepin = await startFlamepin(directory, configuration, { ...process.env, ...environment });
      closing.defer(() => flamepin.stop());
      return flamepin;
    };
  }
  /** The command line with the same configuration. */
  function command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const bin = join(import.meta.dirname, '..', '..', 'bin', 'flamepin.js');
    const config = ['--config', join(directory, 'flamepin.yaml')];
    return new Promise((resolve) => {
      execFile(process.execPath, [bin, ...args, ...config], { timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }
  const storesNow = (flamepin: RunningFlamepin, path: string, bearer = token): Promise<Response> =>
    fetch(flamepin.url + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${bearer}` },
      signal: AbortSignal.timeout(60_000),
    });
  const markOf = (id: string): string => {
    const marks = grafana.annotations().filter(({ tags }) => tags.includes(`flamepin:${id}`));
    assert.equal(marks.length, 1, JSON.stringify(marks));
    return marks[0]?.text ?? '';
  };
  const waitsBecause = (code: string) => (capture: CaptureJson) =>
    capture.state === 'storing' && capture.reason?.code === code && capture.headline !== null;

  it('its directory is gone: the answer is still delivered; once back, a retry by hand stores everything', async () => {
    const root = join(directory, 'artifacts');
    const start = await scene('directory', `{filesystem: {directory: ${root}}}`);
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
        /Burner.*not stored yet/.test(markOf(id)) ? true : undefined,
      );
      assert.doesNotMatch(markOf(id), /Open the flame graph|flamegraph\.svg|No profile/);
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
    const asked = await command('store', ids[1] ?? '', '--url', flamepin.url);
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
        /Open the flame graph/.test(markOf(id)) ? true : undefined,
      );
      const tries = flamepin.log.filter(
        ({ msg, captureId }) => captureId === id && msg === 'not stored yet, will try again',
      );
      assert.ok(tries.length <= 1, 'said once, not at every try');
    }
    assert.equal((await storesNow(flamepin, `/captures/${ids[0]}/store`)).status, 409);
    const refused = await command('store', ids[0] ?? '', '--url', flamepin.url);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Nothing in this capture is waiting to be stored: it is done/);
    const all = await command('store', '--url', flamepin.url);
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
    closing.defer(() => s3.stop());
    const { endpoint, region, bucket, credentials } = s3;
    const start = await scene(
      's3',
      `{s3: {bucket: ${bucket}, region: ${region}, endpoint: "${endpoint}", forcePathStyle: true}}`,
    );
    const as = ({ accessKeyId, secretAccessKey }: typeof credentials): NodeJS.ProcessEnv => ({
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    });
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    closing.defer(() => client.destroy());

    const first = await start(as(credentials));
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
    const second = await start(as(s3.powerless));
    for (const id of ids) {
      await captureWhen(second, id, 'waiting', patienceMs, waitsBecause('store-denied'));
      await captureLogged(second, id, 'not stored yet, will try again', patienceMs);
    }
    await second.stop();

    const third = await start(as(credentials));
    for (const id of ids) {
      const capture = await captureWhen(third, id, 'the end', patienceMs, isFinal);
      assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
      assert.equal(Contents.filter(({ Key = '' }) => Key.includes(id)).length, capture.artifacts.length);
      await waitFor('the whole mark', patienceMs, () =>
        /Open the flame graph/.test(markOf(id)) ? true : undefined,
      );
    }
    assert.deepEqual(third.otherOutput, []);
  });
});
