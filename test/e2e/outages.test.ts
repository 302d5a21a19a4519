import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import {
  captureLogged,
  captureWhen,
  fireForCapture,
  isFinal,
  isProfiled,
  isTold,
} from '../setup/flamepin-client.ts';
import { compileBurner, startBurner } from '../setup/jvm.ts';
import { waitFor } from '../setup/process.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

const patienceMs = 60_000;

describe('S3 and Grafana go away and come back', () => {
  let directory = '';
  let burner: ReturnType<typeof compileBurner>;
  let grafana: Grafana;
  let s3: S3Server;
  let flamepin: RunningFlamepin;
  const closing = new AsyncDisposableStack();
  const names = ['one', 'two', 'three'] as const;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-outages-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    burner = compileBurner();
    closing.defer(() => burner.remove());
    grafana = await startGrafana();
    closing.defer(() => grafana.close());
    await writeFile(join(directory, 'grafana.token'), grafana.token);
    s3 = await startS3();
    closing.defer(() => s3.stop());
    const routes = await Promise.all(
      names.map(async (name) => {
        const mark = `-Dflamepin.test=${directory}/${name}`;
        const jvm = await startBurner(burner.classes, { flags: [mark], args: ['10'] });
        closing.defer(() => jvm.stop('SIGKILL'));
        return `  - {matchers: ['service="${name}"'], duration: 15s, cooldown: 0s, event: cpu, target: {host: {process: "${mark}$|${mark} "}}}`;
      }),
    );
    flamepin = await startFlamepin(
      directory,
      `server: {port: 0, publicUrl: "http://flamepin.test"}
limits: {perNode: 3}
routes:
${routes.join('\n')}
storage: {s3: {bucket: ${s3.bucket}, region: ${s3.region}, endpoint: "${s3.endpoint}", forcePathStyle: true}}
grafana: {url: "${grafana.url}", tokenFile: ${join(directory, 'grafana.token')}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
      {
        ...process.env,
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      },
    );
    closing.defer(() => flamepin.stop());
  });

  after(() => closing.disposeAsync());

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
    for (const id of ids) await captureLogged(flamepin, id, 'not stored yet, will try again', patienceMs);
    await s3.restart();
    for (const id of ids) {
      const capture = await captureWhen(flamepin, id, 'the end', patienceMs, isFinal);
      assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
      assert.notEqual(capture.annotation.state, 'finished', 'Grafana is away');
    }

    grafana.loseAnswers(2);
    await grafana.setDown(false);
    const stored = await objects();
    for (const id of ids) {
      const capture = await captureWhen(flamepin, id, 'the finished mark', patienceMs, isTold);
      assert.equal(capture.annotation.state, 'finished', JSON.stringify(capture.annotation.reason));
      assert.equal(capture.partial, false);
      assert.equal(stored.filter((key) => key.includes(id)).length, capture.artifacts.length);
      const marks = grafana.annotations().filter(({ tags }) => tags.includes(`flamepin:${id}`));
      assert.equal(marks.length, 1, JSON.stringify(marks));
      assert.match(marks[0]?.text ?? '', /Open the flame graph/);
    }
    assert.equal(grafana.annotations().length, ids.length);

    assert.deepEqual(flamepin.otherOutput, []);
    for (const entry of flamepin.log)
      for (const secret of [s3.credentials.secretAccessKey, grafana.token])
        assert.ok(!JSON.stringify(entry).includes(secret), entry.msg);
  });

  async function objects(): Promise<string[]> {
    const { endpoint, region, credentials } = s3;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
    client.destroy();
    return Contents.map(({ Key = '' }) => Key);
  }
});
