import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startFlamepin } from '../../demo/flamepin.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import { toCapture } from '../given/decision.ts';
import { started } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { captureOf, isFinal, type CaptureJson } from '../setup/flamepin-client.ts';
import { memoryLimit } from '../setup/memory-limit.ts';

const mebibyte = 1024 ** 2;
const packed = readFileSync(new URL('../fixtures/recordings/shop-regression.jfr.gz', import.meta.url));

/** A valid recording of this size: the chunks of a real one, over and over. */
function recordingOf(bytes: number): Buffer {
  const chunks = gunzipSync(packed);
  return Buffer.concat(Array.from({ length: Math.floor(bytes / chunks.length) }, () => chunks));
}

/** A ledger in which each of these recordings waits to be read. */
async function spooled(path: string, recordings: readonly Buffer[]): Promise<string[]> {
  const ledger = openSqliteLedger({ path });
  try {
    const ids: string[] = [];
    // Leased before the first is written: that may take longer than a lease, and one that runs out counts as a cut-off.
    for (const at of recordings.keys()) {
      const now = Date.now();
      const id = captureId(now + at);
      const decision = toCapture(`f${at}`, { id, deadlineAt: now + 60_000 });
      await started(ledger, id, decision, targetOn(`n${at}`, `checkout-${at}`), now);
      ids.push(id);
    }
    for (const [at, id] of ids.entries()) {
      const now = Date.now();
      const timeline = { collectedAt: new Date(now).toISOString() };
      const recording = recordings[at] ?? Buffer.alloc(0);
      assert.ok(await ledger.spool(id, id, recording, { state: 'storing', timeline }, now));
      await ledger.release(id, id, now);
    }
    return ids;
  } finally {
    await ledger.close();
  }
}

/** Runs flamepin under a limit on its memory until each capture has ended, or it has. */
async function runUnder(limit: number, recordings: readonly Buffer[], deadlineMs: number) {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-memory-'));
  try {
    const ids = await spooled(join(directory, 'flamepin.db'), recordings);
    await using group = await memoryLimit(limit);
    const flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
      { ...process.env, NODE_OPTIONS: '--max-semi-space-size=4' },
      group.prefix,
    );
    try {
      const end = Date.now() + deadlineMs;
      let captures: CaptureJson[] = [];
      while (Date.now() < end) {
        assert.equal(await group.kills(), 0, 'the kernel ended it');
        captures = await Promise.all(ids.map((id) => captureOf(flamepin, id)));
        if (captures.every(isFinal)) break;
        await sleep(500);
      }
      assert.equal(await group.kills(), 0, 'the kernel ended it');
      return { captures, warnings: JSON.stringify(flamepin.log.filter(({ level }) => level !== 'info')) };
    } finally {
      await flamepin.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe('large recordings under a limit on memory', () => {
  it('are all read when eight of 59 MB wait at once under the gigabyte of the chart', async () => {
    const large = recordingOf(59 * mebibyte);
    const { captures, warnings } = await runUnder(
      1024 * mebibyte,
      Array.from({ length: 8 }, () => large),
      600_000,
    );
    assert.deepEqual(
      captures.map(({ state, reason }) => [state, reason]),
      captures.map(() => ['done', null]),
      warnings,
    );
  });

  it('are kept unread where they do not fit, and say so, while a small one is read', async () => {
    const recordings = [recordingOf(59 * mebibyte), recordingOf(mebibyte)];
    const {
      captures: [large, small],
    } = await runUnder(512 * mebibyte, recordings, 120_000);
    assert.deepEqual([large?.state, large?.reason?.code], ['failed', 'memory-too-small']);
    assert.match(JSON.stringify(large?.reason), /MiB is enough/);
    assert.deepEqual(
      large?.artifacts.map(({ name }) => name),
      ['recording.jfr'],
    );
    assert.equal(small?.state, 'done');
  });
});
