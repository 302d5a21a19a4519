import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { boundedAnalysis } from '../../../src/captures/analysis/bounded-analysis.ts';
import type { Analysis, AnalysisInput } from '../../../src/captures/analysis/analysis.ts';
import { BoundedThread } from '../../../src/captures/analysis/bounded-thread.ts';
import { newCapture } from '../../../src/ledgers/capture-change.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { toCapture } from '../../given/decision.ts';
import { noon } from '../../given/time.ts';
import {
  frameOfOneByte,
  longArguments,
  longName,
  manyNames,
  manyRows,
  metadataStrings,
  metadataTree,
} from '../../given/hostile-recordings.ts';
import { shopChunk } from '../../given/shop-chunk.ts';

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

const analyse = (analysis: Analysis, what: AnalysisInput): ReturnType<Analysis['analyse']> =>
  analysis.analyse(what, new AbortController().signal);

const failsWith = (code: string, detail: RegExp) => (error: unknown) =>
  error instanceof Failure && error.code === code && detail.test(error.detail);

describe('a recording read in its own process', () => {
  const reading = boundedAnalysis(limit);

  it('becomes the same answer and files whether it is gzipped or not', async () => {
    const one = await analyse(reading, input(packed));
    const other = await analyse(reading, input(gunzipSync(packed)));
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
      analyse(reading, input(shopChunk(true, () => undefined))),
      failsWith('recording-empty', /^$/),
    ));

  it('is refused when it is not a recording, or a truncated gzip header', async () => {
    await assert.rejects(
      analyse(reading, input(Buffer.from('no recording'))),
      failsWith('recording-damaged', /chunk/),
    );
    const cut = Buffer.from([0x1f, 0x8b, 1, 2, 3]);
    await assert.rejects(analyse(reading, input(cut)), failsWith('recording-damaged', /gzip/));
  });

  it('is refused when it unpacks to more than the limit, however small it is packed', async () => {
    const bomb = gzipSync(Buffer.alloc(limit + 1));
    assert.ok(bomb.length < 100_000);
    await assert.rejects(
      analyse(reading, input(bomb)),
      failsWith('recording-damaged', /larger than 67108864 bytes/),
    );
  });

  it('yields the complete part of a truncated gzip file', async () => {
    const { partial } = await analyse(reading, input(packed.subarray(0, packed.length - 200)));
    assert.equal(partial, true);
  });
});

describe('many recordings that come at once', () => {
  it('are all read, in a few processes that end when idle', async () => {
    const ends: Promise<unknown>[] = [];
    const count = (message: unknown): void => {
      ends.push(once((message as { process: ChildProcess }).process, 'exit'));
    };
    subscribe('child_process', count);
    const reading = boundedAnalysis(limit);
    for (let capture = 0; capture < 8; capture++) reading.prepare();
    assert.equal(ends.length, 1, 'one is loaded ahead');
    const read = await Promise.all(
      Array.from({ length: 8 }, async () => analyse(reading, input(await reading.mask(gunzipSync(packed))))),
    );
    unsubscribe('child_process', count);
    assert.equal(new Set(read.map(({ answer }) => answer.headline)).size, 1);
    assert.ok(ends.length <= 3, `${ends.length} processes`);
    await Promise.all(ends);
  });

  it('are held in memory once: masking takes over the buffer from the target', async () => {
    const reading = boundedAnalysis(limit);
    const stdout = Buffer.concat([Buffer.from('size=1\n\n'), gunzipSync(packed)]);
    const masked = await reading.mask(stdout.subarray(8));
    assert.equal(masked.length, gunzipSync(packed).length);
    assert.equal(stdout.buffer.byteLength, 0, 'given away, not copied');
  });

  it('are read though one never ends, and masked though two never end', { timeout: 20_000 }, async () => {
    const worker = new URL('../../fixtures/threads/sometimes-endless', import.meta.url);
    const reading = boundedAnalysis(limit, { maskWorker: worker, analysisWorker: worker, timeoutMs: 4_000 });
    const order: string[] = [];
    const stuck = Array.from({ length: 2 }, () =>
      assert
        .rejects(analyse(reading, input(Buffer.from('endless'))), failsWith('analysis-timeout', /4000 ms/))
        .then(() => order.push('timed out')),
    );
    const masked = Array.from({ length: 4 }, () =>
      reading.mask(Buffer.from('quick')).then((bytes) => order.push(bytes.toString())),
    );
    await Promise.all([...stuck, ...masked]);
    assert.deepEqual(order, ['quick', 'quick', 'quick', 'quick', 'timed out', 'timed out']);
    assert.equal((await reading.mask(Buffer.from('again'))).toString(), 'again');
  });

  it('are aborted at once when flamepin stops', { timeout: 20_000 }, async () => {
    const worker = new URL('../../fixtures/threads/sometimes-endless', import.meta.url);
    const reading = boundedAnalysis(limit, { maskWorker: worker, analysisWorker: worker, timeoutMs: 60_000 });
    const underWay: Promise<unknown>[] = [];
    const count = (message: unknown): void => {
      underWay.push(once((message as { process: ChildProcess }).process, 'spawn'));
    };
    subscribe('child_process', count);
    const stop = new AbortController();
    const ends: string[] = [];
    const given = Array.from({ length: 4 }, () =>
      reading.analyse(input(Buffer.from('endless')), stop.signal).then(
        () => ends.push('read'),
        (error: unknown) => ends.push(error instanceof Failure ? error.detail : String(error)),
      ),
    );
    await Promise.all(underWay);
    unsubscribe('child_process', count);
    assert.equal(underWay.length, 2, 'two are read, two wait');
    assert.deepEqual(ends, [], 'nothing ends by itself');
    const stoppedAt = performance.now();
    stop.abort();
    await Promise.all(given);
    const took = performance.now() - stoppedAt;
    assert.deepEqual(ends.sort(), [
      ...Array<string>(2).fill('AbortError: This operation was aborted'),
      ...Array<string>(2).fill('reading was ended'),
    ]);
    assert.ok(took < 5_000, `${took} ms, of 60,000 that each may take`);
  });
});

describe('recordings made to exhaust their reader', () => {
  const reading = boundedAnalysis(limit);
  const masked = (recording: Buffer): Promise<Buffer> => reading.mask(recording);

  for (const [what, recording] of [
    ['a name of 59 million characters', () => longName('chars')],
    ['a stack of 59 million frames', frameOfOneByte],
    ['two million names', manyNames],
  ] as const) {
    it(`end with their reason, and flamepin goes on: ${what}`, async () => {
      await assert.rejects(
        analyse(reading, input(await masked(recording()))),
        failsWith('recording-damaged', /^it takes more than \d+ MiB to read$/),
      );
      const { answer } = await analyse(reading, input(gunzipSync(packed)));
      assert.match(answer.headline, /Shop/);
    });
  }

  it('are masked, however many events they have', async () => {
    const recording = manyRows();
    const bytes = recording.length;
    assert.equal((await masked(recording)).length, bytes);
  });

  it('are masked, however long an argument is: of one that no JVM can have, nothing is kept', async () => {
    const argument = Buffer.from('-Xint ');
    const recording = longArguments();
    assert.ok(recording.includes(argument));
    assert.equal((await masked(recording)).includes(argument), false);
  });

  it('are refused before masking when their description is out of all proportion', async () => {
    await assert.rejects(masked(metadataStrings()), failsWith('recording-damaged', /59000000 strings/));
    await assert.rejects(masked(metadataTree()), failsWith('recording-damaged', /more than 262144 elements/));
  });
});

describe('a thread that takes too long', () => {
  it('is ended at its deadline, and takes no more work', async () => {
    const endless = new URL('../../fixtures/threads/endless', import.meta.url);
    await using thread = new BoundedThread<string, string>(endless);
    await assert.rejects(thread.ask('work', 300), failsWith('analysis-timeout', /300 ms/));
    await assert.rejects(thread.ask('more', 300), failsWith('analysis-timeout', /300 ms/));
  });
});
