import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { artifactKey } from '../../src/artifacts/keys.ts';
import type { ArtifactStore, StoredObject } from '../../src/captures/artifact-store.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import { Failure } from '../../src/reasons/failure.ts';

/** A fresh, empty store, and what it leaves to be taken away. */
export interface StoreUnderTest {
  store: ArtifactStore;
  stop(): Promise<void>;
}

const soon = () => AbortSignal.timeout(30_000);

export const picture = (id = captureId(Date.now())): StoredObject => ({
  key: artifactKey(id, 'flamegraph.html'),
  body: Buffer.from('<!doctype html><title>flame graph</title><p>61% wäits'),
  contentType: 'text/html; charset=utf-8',
  contentEncoding: 'identity',
  metadata: {
    workload: 'shop/Deployment/checkout',
    alert: 'HighLatency „p99“ 100%',
    digest: 'ab'.repeat(32),
  },
});

export const failsWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, `not a Failure: ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return true;
};

/** What every store keeps to, whatever it is made of. */
export function testArtifactStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`artifact store: ${name}`, () => {
    let under: StoreUnderTest;
    let store: ArtifactStore;
    before(async () => {
      under = await open();
      store = under.store;
    });
    after(() => under.stop());

    it('gives an object back as it was put', async () => {
      const object = picture();
      await store.put(object, soon());
      assert.deepEqual(await store.get(object.key, soon()), object);
    });

    it('keeps one object when the same key is put twice', async () => {
      const object = picture();
      await store.put(object, soon());
      await store.put(object, soon());
      const folder = object.key.slice(0, object.key.lastIndexOf('/') + 1);
      const listed = await store.list(folder, 10, soon());
      assert.deepEqual(
        listed.map(({ key, size }) => ({ key, size })),
        [{ key: object.key, size: object.body.length }],
      );
    });

    it('keeps one whole object when eight writers put the same key at once', async () => {
      const object = { ...picture(), body: randomBytes(50_000) };
      await Promise.all(Array.from({ length: 8 }, () => store.put(object, soon())));
      assert.deepEqual((await store.get(object.key, soon()))?.body, object.body);
    });

    it('keeps every byte of 1 MB of gzip, and says that it is gzip', async () => {
      const plain = randomBytes(1024 * 1024);
      const object: StoredObject = {
        key: artifactKey(captureId(Date.now()), 'recording.jfr'),
        body: gzipSync(plain),
        contentType: 'application/octet-stream',
        contentEncoding: 'gzip',
        metadata: { digest: createHash('sha256').update(plain).digest('hex') },
      };
      await store.put(object, soon());
      const got = await store.get(object.key, soon());
      assert.equal(got?.contentEncoding, 'gzip');
      assert.deepEqual(gunzipSync(got.body), plain);
    });

    it('keeps an empty body', async () => {
      const object = { ...picture(), body: Buffer.alloc(0) };
      await store.put(object, soon());
      assert.equal((await store.get(object.key, soon()))?.body.length, 0);
    });

    it('has nothing under a key that was never put', async () => {
      assert.equal(await store.get(picture().key, soon()), undefined);
    });

    it('lists the oldest first, at most as many as asked for, and only below the prefix', async () => {
      const times = [
        Date.UTC(2025, 11, 31, 23, 59),
        Date.UTC(2026, 0, 1),
        Date.UTC(2026, 9, 1),
        Date.UTC(2026, 9, 10),
      ];
      const keys = times.map((time) => picture(captureId(time)).key);
      for (const key of keys.toReversed()) await store.put({ ...picture(), key }, soon());
      const all = (await store.list('captures/', 1000, soon())).map(({ key }) => key);
      assert.deepEqual(all.slice(0, 4), keys);
      assert.equal((await store.list('captures/', 2, soon())).length, 2);
      assert.deepEqual(
        (await store.list('captures/2026/10/', 10, soon())).map(({ key }) => key),
        keys.slice(2),
      );
      assert.deepEqual(await store.list('baselines/', 10, soon()), []);
    });

    it('forgets what is deleted, and does not mind what was never there', async () => {
      const [first, second] = [picture(), picture()];
      await store.put(first, soon());
      await store.put(second, soon());
      await store.delete([first.key, picture().key], soon());
      assert.equal(await store.get(first.key, soon()), undefined);
      assert.notEqual(await store.get(second.key, soon()), undefined);
      await store.put(first, soon());
      assert.notEqual(await store.get(first.key, soon()), undefined);
    });

    it('refuses keys that lead out of it', async () => {
      for (const key of [
        '../outside',
        'captures/../../outside',
        '/etc/passwd',
        'a//b',
        '.hidden',
        'a/.b',
        'a\\b',
        'a/b\0',
        '',
      ])
        for (const call of [
          store.put({ ...picture(), key }, soon()),
          store.get(key, soon()),
          store.delete([key], soon()),
        ])
          await assert.rejects(call, failsWith('store-denied'), JSON.stringify(key));
    });

    it('stops when it is told to', async () => {
      await assert.rejects(store.put(picture(), AbortSignal.abort()), failsWith('store-unavailable'));
    });

    it('makes a link that a browser can follow, or says that it cannot', async () => {
      const object = { ...picture(), body: gzipSync('<p>flames'), contentEncoding: 'gzip' as const };
      await store.put(object, soon());
      const link = await store.link(object.key, 30 * 24 * 3600);
      if (link === undefined) return;
      assert.ok(link.expiresAt.getTime() <= Date.now() + 7 * 24 * 3600 * 1000);
      const answer = await fetch(link.url);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
      assert.match(
        answer.headers.get('content-disposition') ?? '',
        /^inline; filename="c-\w+-flamegraph.html"$/,
      );
      assert.equal(await answer.text(), '<p>flames');
    });
  });
}
