import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { gunzipSync, gzipSync } from 'node:zlib';
import { analysisThreads } from '../../../src/captures/analysis-threads.ts';
import type { AnalysisInput } from '../../../src/captures/analysis.ts';
import { BoundedThread } from '../../../src/captures/bounded-thread.ts';
import { newCapture } from '../../../src/ledgers/capture-change.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { noon, toCapture } from '../../contract/ledger-words.ts';
import { shopChunk } from '../jfr/shop-chunk.ts';

const packed = readFileSync(new URL('../../fixtures/recordings/shop-regression.jfr.gz', import.meta.url));
const limit = 64 * 1024 ** 2;

const input = (recording: Buffer): AnalysisInput => ({
  recording,
  capture: newCapture(toCapture('f1'), noon),
  baseline: null,
  publicUrl: null,
  profilerLinks: [],
  applicationPackages: [],
});

const failsWith = (code: string, detail: RegExp) => (error: unknown) =>
  error instanceof Failure && error.code === code && detail.test(error.detail);

describe('a recording read in its own thread', () => {
  const reading = analysisThreads(limit);

  it('becomes the same answer and files whether it is gzipped or not', async () => {
    const one = await reading.analyse(input(packed));
    const other = await reading.analyse(input(gunzipSync(packed)));
    assert.deepEqual(one, other);
    assert.match(one.answer.headline, /Shop/);
    const names = new Set(one.artifacts.map(({ name }) => name));
    assert.deepEqual([...names].sort(), [
      'flamegraph.html',
      'flamegraph.svg',
      'profile.json',
      'recording.jfr',
      'summary.md',
    ]);
  });

  it('says so when it holds no samples', () =>
    assert.rejects(
      reading.analyse(input(shopChunk(true, () => undefined))),
      failsWith('recording-empty', /^$/),
    ));

  it('is refused when it is no recording, or no whole gzip file', async () => {
    await assert.rejects(
      reading.analyse(input(Buffer.from('no recording'))),
      failsWith('recording-damaged', /chunk/),
    );
    const cut = Buffer.from([0x1f, 0x8b, 1, 2, 3]);
    await assert.rejects(reading.analyse(input(cut)), failsWith('recording-damaged', /gzip/));
  });

  it('is refused when it unpacks to more than the limit, however small it is packed', async () => {
    const bomb = gzipSync(Buffer.alloc(limit + 1));
    assert.ok(bomb.length < 100_000);
    await assert.rejects(
      reading.analyse(input(bomb)),
      failsWith('recording-damaged', /larger than 67108864 bytes/),
    );
  });

  it('gives what was whole of a gzip file that is cut off', async () => {
    const { partial } = await reading.analyse(input(packed.subarray(0, packed.length - 200)));
    assert.equal(partial, true);
  });
});

describe('many recordings that come at once', () => {
  it('are all read, by two threads that end when nothing is left to do', async () => {
    const ends: Promise<unknown>[] = [];
    const count = (message: unknown): void => {
      ends.push(once((message as { worker: Worker }).worker, 'exit'));
    };
    subscribe('worker_threads', count);
    const reading = analysisThreads(limit);
    for (let capture = 0; capture < 8; capture++) reading.prepare();
    const read = await Promise.all(
      Array.from({ length: 8 }, async () => reading.analyse(input(await reading.mask(gunzipSync(packed))))),
    );
    unsubscribe('worker_threads', count);
    assert.equal(new Set(read.map(({ answer }) => answer.headline)).size, 1);
    assert.equal(ends.length, 2);
    await Promise.all(ends);
  });
});

describe('a thread that takes too long', () => {
  it('is ended at its deadline, and takes nothing more', async () => {
    const endless = new URL('../../fixtures/threads/endless', import.meta.url);
    await using thread = new BoundedThread<string, string>(endless);
    await assert.rejects(thread.ask('work', 300), failsWith('analysis-timeout', /300 ms/));
    await assert.rejects(thread.ask('more', 300), failsWith('analysis-timeout', /300 ms/));
  });
});
