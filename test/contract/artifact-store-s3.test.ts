import {
  GetObjectTaggingCommand,
  PutBucketLifecycleConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { lifecycleRules, lifecycleRulesByTag } from '../../src/stores/s3/lifecycle.ts';
import { s3Store, type S3StoreOptions } from '../../src/stores/s3/s3.ts';
import { startFaultyProxy, type FaultyProxy } from '../setup/faulty-proxy.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';
import { failsWith, picture, testArtifactStore } from './artifact-store.ts';

const soon = () => AbortSignal.timeout(60_000);

const closing = new AsyncDisposableStack();
let server: S3Server;
let proxy: FaultyProxy;
before(async () => {
  server = await startS3();
  closing.defer(() => server.stop());
  proxy = await startFaultyProxy(server.endpoint);
  closing.defer(() => proxy.close());
});
after(() => closing.disposeAsync());

const open = (more: Partial<S3StoreOptions> = {}) => {
  const { bucket, region, endpoint, credentials } = server;
  return s3Store({ bucket, region, endpoint, credentials, forcePathStyle: true, ...more });
};
const stop = (store: ReturnType<typeof open>) => async () => store.close?.();

testArtifactStore('S3', async () => {
  await Promise.resolve();
  const store = open({ prefix: 'flamepin/' });
  return { store, stop: stop(store) };
});

testArtifactStore('S3 without conditional writes, checksums and tags', async () => {
  await Promise.resolve();
  const store = open({ prefix: 'plain/', conditionalWrites: false, checksums: false, tags: false });
  return { store, stop: stop(store) };
});

describe('artifacts in S3', () => {
  it('tells wrong credentials, missing rights and a missing bucket apart from an outage', async () => {
    const { accessKeyId } = server.credentials;
    const denied = [
      { credentials: { accessKeyId: 'nobody', secretAccessKey: 'x' } },
      { credentials: { accessKeyId, secretAccessKey: 'wrong' } },
      { credentials: server.powerless },
    ];
    for (const wrong of denied) {
      const store = open(wrong);
      await assert.rejects(store.put(picture(), soon()), failsWith('store-denied'));
      await assert.rejects(store.get(picture().key, soon()), failsWith('store-denied'));
      await assert.rejects(store.list('captures/', 1, soon()), failsWith('store-denied'));
    }
    const lost = open({ bucket: 'no-such-bucket' });
    await assert.rejects(lost.put(picture(), soon()), failsWith('store-missing'));
    await assert.rejects(lost.get(picture().key, soon()), failsWith('store-missing'));
    await assert.rejects(lost.list('captures/', 1, soon()), failsWith('store-missing'));
    await assert.rejects(
      open({ endpoint: 'http://127.0.0.1:1' }).put(picture(), soon()),
      failsWith('store-unavailable'),
    );
    await assert.rejects(
      open({ endpoint: 'http://no-such-host.invalid' }).put(picture(), soon()),
      failsWith('store-unavailable'),
    );
  });

  it('keeps workload, alert and kind as tags', async () => {
    const { endpoint, region, credentials, bucket } = server;
    const object = picture();
    await open({ tags: { team: 'shop' } }).put(object, soon());
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: object.key }));
    client.destroy();
    assert.deepEqual(Object.fromEntries((TagSet ?? []).map(({ Key, Value }) => [Key, Value])), {
      flamepin: 'profile',
      workload: 'shop/Deployment/checkout',
      alert: 'HighLatency _p99_ 100_',
      team: 'shop',
    });
  });

  it('prints lifecycle rules that the server accepts', async () => {
    const { endpoint, region, credentials, bucket } = server;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const days = { prefix: 'flamepin/', recordingDays: 7, profileDays: 90 };
    for (const rules of [lifecycleRules(days), lifecycleRulesByTag(days)])
      await client.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: bucket,
          LifecycleConfiguration: rules as NonNullable<
            ConstructorParameters<typeof PutBucketLifecycleConfigurationCommand>[0]['LifecycleConfiguration']
          >,
        }),
      );
    client.destroy();
  });

  it('keeps the first of two objects with one key', async () => {
    const object = picture();
    const store = open();
    await store.put(object, soon());
    await store.put({ ...object, body: Buffer.from('another') }, soon());
    assert.deepEqual((await store.get(object.key, soon()))?.body, object.body);
  });

  it('counts a write whose answer was lost as done', async () => {
    const store = open({ endpoint: proxy.endpoint });
    const object = picture();
    proxy.next({ kind: 'lose-answer' });
    await store.put(object, soon());
    assert.equal((await store.list(object.key, 10, soon())).length, 1);
  });

  it('sits out a server that asks for fewer requests', async () => {
    const store = open({ endpoint: proxy.endpoint });
    const before = proxy.seen;
    proxy.next({ kind: 'slow-down' }, { kind: 'slow-down' });
    await store.put(picture(), soon());
    assert.equal(proxy.seen - before, 3);
    proxy.next({ kind: 'slow-down' }, { kind: 'slow-down' }, { kind: 'slow-down' });
    await assert.rejects(store.put(picture(), soon()), failsWith('store-unavailable'));
  });

  it('gives up on a server that never answers, and succeeds when it does again', async () => {
    const store = open({ endpoint: proxy.endpoint, requestTimeoutMs: 300 });
    proxy.next({ kind: 'silence' }, { kind: 'silence' }, { kind: 'silence' });
    await assert.rejects(store.put(picture(), soon()), failsWith('store-unavailable'));
    proxy.next({ kind: 'silence' });
    await store.put(picture(), soon());
  });

  it('has patience with a slow line, within the time it was given', async () => {
    const object = { ...picture(), body: Buffer.alloc(200_000, 'flame') };
    proxy.next({ kind: 'slow', bytesPerSecond: 400_000 });
    const store = open({ endpoint: proxy.endpoint });
    await store.put(object, soon());
    assert.deepEqual((await store.get(object.key, soon()))?.body, object.body);
    const hurried = open({ endpoint: proxy.endpoint, requestTimeoutMs: 200 });
    const slow = { kind: 'slow', bytesPerSecond: 100_000 } as const;
    proxy.next(slow, slow, slow);
    await assert.rejects(
      hurried.put({ ...object, key: picture().key }, soon()),
      failsWith('store-unavailable'),
    );
  });

  it('stores a 1 MB body whole although the connection breaks in the middle of it', async () => {
    const store = open({ endpoint: proxy.endpoint });
    const object = { ...picture(), body: Buffer.alloc(1024 * 1024, 'flame') };
    proxy.next({ kind: 'cut-upload', afterBytes: 300_000 });
    await store.put(object, soon());
    assert.deepEqual((await store.get(object.key, soon()))?.body, object.body);
  });

  it('leaves nothing when the server is killed in the middle of an upload, and stores it once it is back', async () => {
    const store = open({ endpoint: proxy.endpoint });
    const object = { ...picture(), body: Buffer.alloc(1024 * 1024, 'flame') };
    proxy.next({ kind: 'cut-upload', afterBytes: 300_000, then: () => server.kill() });
    await assert.rejects(store.put(object, soon()), failsWith('store-unavailable'));
    await server.restart();
    assert.equal(await store.get(object.key, soon()), undefined);
    await store.put(object, soon());
    assert.deepEqual((await store.get(object.key, soon()))?.body, object.body);
    assert.equal((await store.list(object.key, 10, soon())).length, 1);
  });

  it('keeps what it stored although the server is killed right after', async () => {
    const store = open();
    const object = picture();
    await store.put(object, soon());
    await server.kill();
    await server.restart();
    assert.deepEqual((await store.get(object.key, soon()))?.body, object.body);
  });

  it('stores although our own clock is twenty minutes off', async () => {
    for (const minutes of [20, -20]) {
      const store = open();
      const object = picture();
      mock.timers.enable({ apis: ['Date'], now: Date.now() + minutes * 60_000 });
      try {
        await store.put(object, soon());
        assert.deepEqual((await store.get(object.key, soon()))?.body, object.body);
      } finally {
        mock.timers.reset();
      }
    }
  });

  it('ends a link when it was told to, and never later than S3 allows', async () => {
    const store = open();
    const object = picture();
    await store.put(object, soon());
    const link = await store.link(object.key, 1);
    assert.ok(link !== undefined);
    // The link names its own end in whole seconds, by the clock of the server: one second, and one of rounding.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const answer = await fetch(link.url);
    await answer.arrayBuffer();
    assert.equal(answer.status, 403);
    const temporary = open({
      credentials: {
        ...server.credentials,
        sessionToken: 'x',
        expiration: new Date(Date.now() + 1000 * 3600),
      },
    });
    const shorter = await temporary.link(object.key, 24 * 3600);
    assert.ok(shorter !== undefined && shorter.expiresAt.getTime() <= Date.now() + 1000 * 3600);
  });
});
