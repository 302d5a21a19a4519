import assert from 'node:assert/strict';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../src/reasons/failure.ts';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import { toCapture } from '../given/decision.ts';
import { minute, noon } from '../given/time.ts';

/**
 * `node ledger-full-child.ts own|others DIRECTORY`, DIRECTORY being a small disk: fills it with the ledger's own rows
 * or with somebody else's file, and fails unless the ledger says so, loses nothing, and goes on when there is room.
 */

const [filledBy = '', directory = ''] = process.argv.slice(2);
const path = join(directory, 'flamepin.db');
const ballast = join(directory, 'ballast');
let ledger = openSqliteLedger({ path });
const acknowledged: string[] = [];
let number = 0;

/** 20 alerts, about 100 kB in the ledger. False: it is full. */
async function notify(): Promise<boolean> {
  const labels = { alertname: 'HighLatency', note: 'x'.repeat(2000) };
  const decisions = Array.from({ length: 20 }, () => toCapture(`f${number++}`, { alert: { labels } }));
  try {
    await ledger.accept(decisions, noon);
    acknowledged.push(...decisions.map(({ alert }) => alert.fingerprint));
    return true;
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, 'ledger-full');
    assert.equal(error.retryable, true);
    for (const { alert } of decisions) assert.equal(await ledger.findAlert(alert.fingerprint), undefined);
    return false;
  }
}

async function fill(): Promise<void> {
  for (let n = 0; n < 1000; n++) if (!(await notify())) return;
  throw new Error('the disk was never full');
}

async function nothingIsLost(): Promise<void> {
  for (const fingerprint of acknowledged)
    assert.equal((await ledger.findAlert(fingerprint))?.outcome, 'queued');
}

if (filledBy === 'others') {
  await notify();
  assert.throws(() => {
    for (;;) appendFileSync(ballast, Buffer.alloc(16_384));
  }, /ENOSPC/);
  await fill();
  await nothingIsLost();
  rmSync(ballast);
} else {
  await fill();
  assert.equal(await notify(), false);
  await nothingIsLost();
  // The deadline passes for all of them, then they are old: rows can be changed and deleted on a full disk.
  let skipped = 0;
  for (let swept = -1; swept !== 0; skipped += swept)
    swept = (await ledger.sweep(noon + 2 * minute)).ended.length;
  assert.equal(skipped, acknowledged.length);
  assert.ok((await ledger.expire({ captures: noon + minute, alerts: noon + minute })) > 0);
  await ledger.expire({ captures: noon + 366 * 24 * 60 * minute, alerts: 0 });
  acknowledged.length = 0;
}
assert.equal(await notify(), true);
await ledger.close();
ledger = openSqliteLedger({ path });
await nothingIsLost();
await ledger.close();
