import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { artifactKey } from '../../../src/artifacts/keys.ts';
import { filesystemStore } from '../../../src/stores/filesystem.ts';
import type { ArtifactStore } from '../../../src/captures/artifact-store.ts';
import { captureId } from '../../../src/captures/capture-id.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import type { Ledger } from '../../../src/captures/ledger.ts';
import { openSqliteLedger } from '../../../src/ledgers/sqlite/sqlite.ts';
import { sweepRetention } from '../../../src/schedule/retention.ts';
import { toCapture } from '../../given/decision.ts';
import { must, started } from '../../given/in-ledger.ts';
import { targetOn } from '../../given/target.ts';
import { noon } from '../../given/time.ts';
import type { Artifact } from '../../../src/artifacts/artifact.ts';

const hour = 3_600_000;
const day = 24 * hour;
const { signal } = new AbortController();
const owner = 'worker';

/** The real sweep over a real ledger and a real store; only the clock is ours. */
describe('retention', () => {
  let directory = '';
  let ledger: Ledger;
  let store: ArtifactStore;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-retention-'));
    ledger = openSqliteLedger({ path: join(directory, 'flamepin.db') });
    store = filesystemStore({ directory: join(directory, 'artifacts') });
  });
  afterEach(async () => {
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  });

  const sweep = (now: number): Promise<void> =>
    sweepRetention(
      {
        ledger,
        store,
        retention: { recordingsMs: 7 * day, profilesMs: 90 * day },
        log: pino({ level: 'silent' }),
      },
      now,
    );

  /** A capture that is done, with a picture and a recording in the store. */
  async function captured(fingerprint: string, now: number): Promise<Capture> {
    const decision = toCapture(fingerprint, { id: captureId(now), deadlineAt: now + hour });
    const { id } = await started(ledger, owner, decision, targetOn('n1', fingerprint), now);
    await ledger.spool(id, owner, Buffer.from('recording'), { state: 'storing' }, now);
    const artifacts: Artifact[] = [];
    for (const name of ['flamegraph.html', 'recording.jfr'] as const) {
      const key = artifactKey(id, name, null);
      const body = Buffer.from(name);
      await store.put(
        { key, body, contentType: 'text/plain', contentEncoding: 'identity', metadata: {} },
        signal,
      );
      artifacts.push({
        name,
        event: null,
        key,
        size: body.length,
        contentType: 'text/plain',
        contentEncoding: 'identity',
      });
    }
    const answer = {
      headline: 'wall: 80% in LoyaltyService.points',
      confidence: 'likely' as const,
      lines: [],
      topFrames: [],
      comparedWith: null,
      comparison: null,
      samples: 300,
    };
    await ledger.finishStoring(id, owner, { state: 'done', artifacts, answer, deliver: 'finish' }, now);
    await ledger.leaseDelivery(owner, now, hour);
    await ledger.settleDelivery(id, owner, { kind: 'finished', annotationId: 1 }, now);
    return must(await ledger.get(id));
  }
  const stored = async (): Promise<string[]> =>
    (await store.list('', 100, signal)).map(({ key }) => key.split('/').at(-1) ?? '').sort();
  const known = async (id: string): Promise<string[] | undefined> =>
    (await ledger.get(id))?.artifacts.map(({ name }) => name);

  it('deletes recordings first, pictures later, and keeps the answer in words', async () => {
    const { id } = await captured('f1', noon);
    await sweep(noon + 7 * day - hour);
    assert.deepEqual(await stored(), ['flamegraph.html', 'recording.jfr']);

    await sweep(noon + 7 * day + hour);
    assert.deepEqual(await stored(), ['flamegraph.html']);
    assert.deepEqual(await known(id), ['flamegraph.html']);

    await sweep(noon + 90 * day + hour);
    assert.deepEqual(await stored(), []);
    const capture = must(await ledger.get(id));
    assert.deepEqual(capture.artifacts, []);
    assert.equal(capture.answer?.headline, 'wall: 80% in LoyaltyService.points');
    assert.equal((await ledger.findAlert('f1'))?.capture?.id, id, 'its alert still leads to it');
  });

  it('leaves younger captures alone, and can be repeated', async () => {
    const old = await captured('old', noon);
    const young = await captured('young', noon + 5 * day);
    for (let round = 0; round < 2; round++) await sweep(noon + 8 * day);
    assert.deepEqual(await known(old.id), ['flamegraph.html']);
    assert.deepEqual(await known(young.id), ['flamegraph.html', 'recording.jfr']);
    assert.equal((await stored()).length, 3);
  });

  it('finds all of many captures', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await captured(`f${n}`, noon + n)).id);
    for (let n = 0; n < 230; n++) {
      const decision = toCapture(`s${n}`, { id: captureId(noon + 10 + n), deadlineAt: noon + hour });
      await ledger.accept([decision], noon + 10 + n);
    }
    while ((await ledger.sweep(noon + 2 * hour)).ended.length > 0);
    await sweep(noon + 8 * day);
    for (const id of ids) assert.deepEqual(await known(id), ['flamegraph.html']);
  });

  it('continues with the next sweep after the store was unavailable', async () => {
    const { id } = await captured('f1', noon);
    await rm(join(directory, 'artifacts'), { recursive: true });
    await assert.rejects(sweep(noon + 8 * day), { code: 'store-missing' });
    assert.deepEqual(await known(id), ['flamegraph.html', 'recording.jfr']);
    store = filesystemStore({ directory: join(directory, 'artifacts') });
    await sweep(noon + 8 * day);
    assert.deepEqual(await known(id), ['flamegraph.html']);
  });
});
