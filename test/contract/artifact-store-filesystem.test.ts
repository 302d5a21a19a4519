import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { filesystemStore } from '../../src/stores/filesystem.ts';
import { failsWith, picture, testArtifactStore } from './artifact-store.ts';

const soon = () => AbortSignal.timeout(30_000);

async function openStore() {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-store-'));
  const stop = () => rm(directory, { recursive: true, force: true });
  return { directory, store: filesystemStore({ directory: join(directory, 'new', 'artifacts') }), stop };
}

testArtifactStore('file system', openStore);

describe('artifacts as files', () => {
  it('does not fill the directory below a volume that is no longer mounted', async () => {
    const { directory, store, stop } = await openStore();
    await rm(directory, { recursive: true });
    await assert.rejects(store.put(picture(), soon()), failsWith('store-missing'));
    await assert.rejects(store.list('captures/', 1, soon()), failsWith('store-missing'));
    await stop();
  });

  it('leaves no half-written file when it is stopped in the middle', async () => {
    const { directory, store, stop } = await openStore();
    const object = { ...picture(), body: Buffer.alloc(64 * 1024 * 1024, 'x') };
    const stopped = new AbortController();
    const put = store.put(object, stopped.signal);
    setImmediate(() => stopped.abort());
    await assert.rejects(put, failsWith('store-unavailable'));
    const left = await readdir(directory, { recursive: true });
    assert.deepEqual(
      left.filter((name) => name.endsWith('.part') || name.endsWith('.html')),
      [],
    );
    assert.equal(await store.get(object.key, soon()), undefined);
    await stop();
  });

  it('removes what a flamepin that was killed in the middle of a write has left', async () => {
    const { directory, store, stop } = await openStore();
    const object = picture();
    await store.put(object, soon());
    const folder = join(directory, 'new', 'artifacts', dirname(object.key));
    const before = await readdir(folder);
    await writeFile(join(folder, '.0b6f1c1e-8c8c-4a3e-9f51-5d3c2e0c7b11.part'), 'half of a pict');
    await store.put(object, soon());
    assert.deepEqual(await readdir(folder), before);
    await stop();
  });

  it('says when its disk is full or read-only, and stores again when it is not', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-store-'));
    // Without root, a user namespace allows the mount as well.
    const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
    const child = [process.execPath, join(import.meta.dirname, 'store-disk-child.ts'), directory];
    await promisify(execFile)(
      'unshare',
      [...namespace, 'sh', join(import.meta.dirname, 'with-small-disk.sh'), '4m', directory, ...child],
      { timeout: 60_000 },
    );
    await rm(directory, { recursive: true });
  });

  it('knows nothing of its objects while its directory is away', async () => {
    const { directory, store, stop } = await openStore();
    const object = picture();
    await store.put(object, soon());
    await rename(join(directory, 'new'), join(directory, 'elsewhere'));
    await assert.rejects(store.get(object.key, soon()), failsWith('store-missing'));
    await rename(join(directory, 'elsewhere'), join(directory, 'new'));
    assert.deepEqual((await store.get(object.key, soon()))?.body, object.body);
    await stop();
  });

  it('leaves no empty folders behind', async () => {
    const { directory, store, stop } = await openStore();
    const object = picture();
    await store.put(object, soon());
    await store.delete([object.key], soon());
    assert.deepEqual(await readdir(join(directory, 'new', 'artifacts')), []);
    await stop();
  });

  it('says what stands in its way', async () => {
    const { directory, store, stop } = await openStore();
    const object = picture();
    await store.put(object, soon());
    const folder = dirname(object.key);
    await assert.rejects(store.put({ ...object, key: `${object.key}/below` }, soon()), (error) => {
      assert.ok(error instanceof Error);
      return true;
    });
    assert.equal((await store.list(folder, 10, soon())).length, 1);
    await writeFile(join(directory, 'file'), '');
    assert.throws(
      () => filesystemStore({ directory: join(directory, 'file') }),
      failsWith('store-unavailable'),
    );
    await stop();
  });
});
