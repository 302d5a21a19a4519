import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { analyse } from '../../../src/profile/analyse.ts';
import { profileSchema } from '../../../src/profile/profile.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { shopChunk } from '../jfr/shop-chunk.ts';

const packed = readFileSync(new URL('../../fixtures/recordings/shop-regression.jfr.gz', import.meta.url));
const failsWith = (code: string, detail: RegExp) => (error: unknown) =>
  error instanceof Failure && error.code === code && detail.test(error.detail);

describe('A recording read in its own thread', () => {
  it('gives the same profile whether it is gzipped or not', async () => {
    const [one, other] = await Promise.all([analyse(packed), analyse(gunzipSync(packed))]);
    assert.deepEqual(one, other);
    profileSchema.parse(one);
    assert.deepEqual(Object.keys(one.events), ['cpu', 'wall', 'alloc', 'lock']);
    assert.equal(one.mainClass, 'shop.Shop');
  });

  it('leaves the bytes of the caller as they are', async () => {
    const copy = Buffer.from(packed);
    await analyse(copy);
    assert.deepEqual(copy, packed);
  });

  it('says so when it holds no samples', async () => {
    await assert.rejects(analyse(shopChunk(true, () => undefined)), failsWith('recording-empty', /^$/));
  });

  it('is refused when it is no recording, or no whole gzip file', async () => {
    await assert.rejects(
      analyse(Buffer.from('no recording')),
      failsWith('recording-damaged', /chunk of 12 bytes/),
    );
    await assert.rejects(analyse(Buffer.from([0x1f, 0x8b, 1, 2, 3])), failsWith('recording-damaged', /gzip/));
  });

  it('is refused when it unpacks to more than the limit, however small it is packed', async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024));
    assert.ok(bomb.length < 100_000);
    await assert.rejects(analyse(bomb), failsWith('recording-damaged', /larger than 67108864 bytes/));
    await assert.rejects(
      analyse(packed, { maximumBytes: 1000 }),
      failsWith('recording-damaged', /larger than 1000 bytes/),
    );
  });

  it('gives what was whole of a gzip file that is cut off', async () => {
    const profile = await analyse(packed.subarray(0, packed.length - 200));
    assert.equal(profile.partial, true);
  });

  it('is given up at its deadline', async () => {
    await assert.rejects(analyse(packed, { timeoutMs: 1 }), failsWith('analysis-timeout', /1 ms/));
  });
});
