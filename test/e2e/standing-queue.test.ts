import assert from 'node:assert/strict';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import type { RunningFlamepin } from '../../demo/flamepin.ts';
import { BurnerScene } from '../setup/burner-scene.ts';
import {
  capturesOf,
  captureWhen,
  fireForCapture,
  isFinal,
  isProfiled,
  unlessBroken,
} from '../setup/flamepin-client.ts';
import { leftOf } from '../setup/host-jvm.ts';
import { waitFor } from '../setup/process.ts';

const patienceMs = 60_000;

describe('a ledger with records that cannot be read', { concurrency: true }, () => {
  let burners: BurnerScene;

  before(async () => {
    burners = await BurnerScene.open('standing');
  });
  after(() => burners[Symbol.asyncDispose]());

  /** A flamepin of its own; started again, it has the same ledger. An alert's service says which JVM it is about. */
  async function scene(name: string) {
    const home = await burners.home(name);
    const routes = ['bad', 'good'].map((service) => burners.route(`${name}/${service}`, { service }));
    const start = (): Promise<RunningFlamepin> =>
      burners.flamepin({ home, routes, further: 'limits: {perNode: 2}' });
    return { path: join(home, 'flamepin.db'), start };
  }

  const statusOf = async ({ url }: RunningFlamepin, path: string): Promise<number> => {
    const response = await fetch(url + path, { signal: AbortSignal.timeout(60_000) });
    await response.arrayBuffer();
    return response.status;
  };

  it('cleans the target, ends the capture with its reason and goes on with the others', async () => {
    const { path, start } = await scene('session');
    const [, jvm] = await Promise.all([burners.jvm('session/bad'), burners.jvm('session/good')]);
    const first = await start();
    const bad = await fireForCapture(first, 'a1', { service: 'bad' });
    await captureWhen(first, bad, 'the first sample', patienceMs, isProfiled);
    await first.kill();
    const database = new DatabaseSync(path);
    database.prepare(`UPDATE captures SET data = json_set(data, '$.session.pid', 5.5) WHERE id = ?`).run(bad);
    database.close();

    const second = await start();
    const ended = await captureWhen(second, bad, 'the end', patienceMs, isFinal);
    assert.equal(ended.state, 'failed');
    assert.equal(ended.reason?.code, 'capture-unreadable');
    assert.match(ended.reason.detail ?? '', /session: pid/);
    assert.deepEqual(leftOf(0, bad), [], 'its recording is gone from the target');
    assert.equal((await capturesOf(second)).length, 1);
    assert.equal(await statusOf(second, '/readyz'), 200);

    // The JVM still records, for nobody stopped it: the next one waits until it has ended, and is not refused by it.
    const next = await fireForCapture(second, 'a3', { service: 'bad' });
    const good = await fireForCapture(second, 'a2', { service: 'good' });
    const done = await captureWhen(second, good, 'the end', 2 * patienceMs, isFinal);
    assert.equal(done.state, 'done', JSON.stringify(done.reason));
    assert.deepEqual(leftOf(jvm.pid, good), []);
    const after = await captureWhen(second, next, 'the end', 2 * patienceMs, isFinal);
    assert.equal(after.state, 'done', JSON.stringify(after.reason));
  });

  it('says that it is not ready while some of its work cannot be found, though it can still answer', async () => {
    const { path, start } = await scene('index');
    const first = await start();
    await first.stop();
    // One page of the index by which due annotations are found, as a faulty disk leaves it.
    const database = new DatabaseSync(path);
    const page = Number(
      database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'deliveries_due'`).get()?.[
        'rootpage'
      ],
    );
    const size = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
    database.close();
    assert.ok((await stat(path)).size >= page * size);
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(size, 0xff), 0, size, (page - 1) * size);
    await file.close();

    const second = await start();
    assert.equal(await statusOf(second, '/healthz'), 200);
    const told = await waitFor('not ready', patienceMs, async () => {
      const response = await unlessBroken(fetch(`${second.url}/readyz`));
      return response?.status === 503 ? ((await response.json()) as { error: string }) : undefined;
    });
    assert.equal(told.error, 'queue-stuck');
    assert.equal(await statusOf(second, '/captures'), 200);
  });
});
