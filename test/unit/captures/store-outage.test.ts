import assert from 'node:assert/strict';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { filesystemStore } from '../../../src/stores/filesystem.ts';
import type { ArtifactStore } from '../../../src/captures/artifact-store.ts';
import { captureId } from '../../../src/captures/capture-id.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import { captureView } from '../../../src/captures/analysis/capture-view.ts';
import type { Ledger } from '../../../src/captures/ledger.ts';
import { recordingMemory } from '../../../src/captures/analysis/recording-memory.ts';
import type { StageParts } from '../../../src/captures/stages/stage-parts.ts';
import { storeArtifacts } from '../../../src/captures/stages/store-artifacts.ts';
import { openSqliteLedger } from '../../../src/ledgers/sqlite/sqlite.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { toCapture } from '../../given/decision.ts';
import { must, started } from '../../given/in-ledger.ts';
import { targetOn } from '../../given/target.ts';
import { minute, noon, second } from '../../given/time.ts';
import type { MadeArtifact } from '../../../src/artifacts/artifact.ts';
import type { Answer } from '../../../src/profile/answer/answer.ts';

const hour = 60 * minute;
const day = 24 * hour;
const owner = 'worker';
const { signal } = new AbortController();

/** The real ledger and the real directory; the clock is ours, and reading a recording is counted instead of done. */
describe('while the store is unavailable', () => {
  let directory = '';
  let root = '';
  let ledger: Ledger;
  let store: ArtifactStore;
  let clock = noon;
  let readings = 0;
  let ended: string[] = [];
  let logged: string[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-outage-'));
    root = join(directory, 'artifacts');
    ledger = openSqliteLedger({ path: join(directory, 'flamepin.db') });
    store = filesystemStore({ directory: root });
    [clock, readings, ended, logged] = [noon, 0, [], []];
  });
  afterEach(async () => {
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  });

  const moveAway = (): Promise<void> => rename(root, `${root}-elsewhere`);
  const moveBack = (): Promise<void> => rename(`${root}-elsewhere`, root);

  const file = (name: MadeArtifact['name'], body: string): MadeArtifact => ({
    name,
    event: null,
    body: Buffer.from(body),
    contentType: 'text/plain',
    contentEncoding: 'identity',
  });
  const answer: Answer = {
    headline: 'wall: 80% in LoyaltyService.points',
    confidence: 'likely',
    lines: [],
    topFrames: [],
    comparedWith: null,
    comparison: null,
    samples: 300,
  };
  const parts = (change: Partial<StageParts> = {}): StageParts => ({
    ledger,
    targets: () => Promise.reject(new Error('storing needs no target')),
    profiling: {
      start: () => Promise.reject(new Error('storing starts nothing')),
      end: () => Promise.resolve(),
      waitForEnd: () => Promise.reject(new Error('storing waits for nothing')),
      collect: () => Promise.reject(new Error('storing collects nothing')),
      cleanUp: () => Promise.reject(new Error('storing cleans nothing')),
      cleanUpUnknown: () => Promise.reject(new Error('storing cleans nothing')),
    },
    memory: recordingMemory(1024 ** 2),
    analysis: {
      prepare: () => undefined,
      mask: (bytes) => Promise.resolve(bytes),
      analyse: ({ baseline }) => {
        const words = `reading ${++readings}`;
        return Promise.resolve({
          answer: {
            ...answer,
            headline: baseline === null ? answer.headline : `${answer.headline}, up from 20%`,
          },
          partial: false,
          artifacts: [
            file('flamegraph.html', words),
            file('profile.json', words),
            file('recording.jfr', 'FLR'),
          ],
        });
      },
    },
    store,
    baselineFor: () => Promise.resolve(null),
    observer: {
      stage: () => undefined,
      firstSample: () => undefined,
      ended: (_purpose, outcome, reason) => ended.push(`${outcome} ${reason ?? ''}`.trim()),
      delivered: () => undefined,
      harmed: () => undefined,
    },
    now: () => clock,
    owner,
    limits: { total: 8, perNode: 1, maxRecordingBytes: 1 << 20, deadlineMs: 120_000 },
    recordingsKeptMs: 7 * day,
    publicUrl: null,
    applicationPackages: [],
    profilerLinks: () => [],
    wake: () => undefined,
    ...change,
  });

  /** A capture whose recording has just been fetched. */
  async function collected(fingerprint = 'f1'): Promise<string> {
    const decision = toCapture(fingerprint, { id: captureId(clock), deadlineAt: clock + minute });
    const { id } = await started(ledger, owner, decision, targetOn('n1', fingerprint), clock);
    const timeline = { collectedAt: new Date(clock).toISOString() };
    await ledger.spool(id, owner, Buffer.from('recording'), { state: 'storing', timeline }, clock);
    await ledger.release(id, owner, clock);
    return id;
  }
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) },
  );
  /** One try, should one be due. */
  async function tryOnce(change: Partial<StageParts> = {}): Promise<boolean> {
    const capture =
      (await ledger.lease(owner, clock, minute, 'store')) ??
      (await ledger.lease(owner, clock, minute, 'store again'));
    if (capture === undefined) return false;
    await storeArtifacts(capture, parts(change), log, signal);
    return true;
  }
  const get = async (id: string): Promise<Capture> => must(await ledger.get(id));
  /** Goes on from try to try until then. */
  async function tryUntil(end: number): Promise<number> {
    let tries = 0;
    while (clock < end) {
      if (await tryOnce()) tries += 1;
      const [waiting] = await ledger.list({ states: ['storing'], limit: 1 });
      const next = waiting?.storeRetry?.nextTryAt;
      clock = Math.min(end, next === undefined ? end : Math.max(clock + 1, Date.parse(next)));
    }
    return tries;
  }
  const stored = async (): Promise<string[]> =>
    (await store.list('', 100, signal)).map(({ key }) => key.split('/').at(-1) ?? '').sort();

  it('a directory missing for six days costs one analysis and one log line, then all files are stored', async () => {
    await moveAway();
    const id = await collected();
    const tries = await tryUntil(noon + 3 * hour);
    // Ten waits up to five minutes, then 2.5 to 5 minutes each: never in step with others.
    assert.ok(tries > 36 && tries < 72 + 12, `${tries} tries`);
    // flamepin's machine sleeps.
    clock = noon + 6 * day;
    await tryOnce();
    const waiting = await get(id);
    assert.equal(waiting.state, 'storing');
    assert.equal(waiting.reason?.code, 'store-missing');
    assert.equal(waiting.storeRetry?.tries, tries + 1);
    assert.equal(waiting.storeRetry.since, new Date(noon).toISOString());
    assert.equal(readings, 1);
    assert.deepEqual(logged, ['not stored yet; will retry']);
    assert.deepEqual(ended, []);

    await moveBack();
    await tryUntil(clock + 6 * minute);
    const { state, reason, storeRetry, artifacts } = await get(id);
    assert.deepEqual([state, reason, storeRetry], ['done', null, null]);
    assert.deepEqual(await stored(), ['flamegraph.html', 'profile.json', 'recording.jfr']);
    assert.equal(artifacts.length, 3);
    assert.equal(readings, 1);
    assert.deepEqual(ended, ['done']);
    assert.equal(await ledger.readFiles(id), undefined, 'the spool is empty');
    assert.deepEqual(
      { ...(await ledger.spooled()), limitBytes: 0 },
      { captures: 0, bytes: 0, limitBytes: 0 },
    );
  });

  it('the answer is delivered at once, and the page says when the flame graph will come', async () => {
    await moveAway();
    const id = await collected();
    await tryOnce();
    const capture = await get(id);
    assert.equal(capture.answer?.headline, answer.headline);
    assert.deepEqual(capture.artifacts, [], 'no link that leads nowhere');
    const delivery = must(await ledger.leaseDelivery('d', clock, minute));
    assert.deepEqual([delivery.capture.id, delivery.want], [id, 'finish']);
    const { lines } = captureView(capture, { base: '', applicationPackages: [], otherLinks: [] });
    const text = lines.join('\n');
    assert.match(text, /not stored yet: The bucket or directory does not exist/);
    assert.match(
      text,
      /1 try has failed since 2026-11-23 12:00:00 UTC, the next is due at 2026-11-23 12:00:00/,
    );
    assert.doesNotMatch(text, /has no baseline/, 'nobody looked for one');
  });

  it('a restart keeps the same files and retries at once', async () => {
    await moveAway();
    const id = await collected();
    await tryUntil(noon + hour);
    await ledger.close();
    ledger = openSqliteLedger({ path: join(directory, 'flamepin.db') });
    await moveBack();
    assert.equal(await tryOnce(), true);
    assert.equal((await get(id)).state, 'done');
    assert.equal(readings, 1);
  });

  it('files stored before and after the fault belong to one answer', async () => {
    const id = await collected();
    const puts = store.put.bind(store);
    const breaks: ArtifactStore = {
      ...store,
      put: (object, stop) =>
        object.key.endsWith('profile.json')
          ? Promise.reject(new Failure('store-unavailable'))
          : puts(object, stop),
    };
    await tryOnce({ store: breaks });
    assert.deepEqual((await get(id)).artifacts, []);
    clock += second;
    await tryOnce();
    assert.equal((await get(id)).state, 'done');
    const bodies = (await get(id)).artifacts
      .filter(({ name }) => name !== 'recording.jfr')
      .map(async ({ key }) => (await store.get(key, signal))?.body.toString());
    assert.deepEqual(await Promise.all(bodies), ['reading 1', 'reading 1']);
  });

  it('a file in place of the directory is waited for', async () => {
    await moveAway();
    await writeFile(root, '');
    const id = await collected();
    await tryOnce();
    assert.equal((await get(id)).reason?.code, 'store-missing');
    await rm(root);
    await moveBack();
    await chmod(root, 0o750);
    clock += second;
    await tryOnce();
    assert.equal((await get(id)).state, 'done');
  });

  it('when the baseline cannot be read either, the answer comes without it first', async () => {
    const id = await collected();
    const away = { baselineFor: () => Promise.reject(new Failure('store-missing')) };
    for (let tries = 0; tries < 3; tries++, clock += minute) await tryOnce(away);
    assert.equal(readings, 1, 'read once, however often it is tried');
    const early = await get(id);
    assert.deepEqual([early.state, early.answer?.headline], ['storing', answer.headline]);
    must(await ledger.leaseDelivery('d', clock, minute));

    const baseline = { captureId: id, label: 'baseline', profile: Buffer.from(''), further: [] };
    await tryOnce({ baselineFor: () => Promise.resolve(baseline) });
    const whole = await get(id);
    assert.deepEqual([whole.state, whole.answer?.headline], ['done', `${answer.headline}, up from 20%`]);
  });

  it('an unreadable recording also waits, and ends with its own reason', async () => {
    const damaged = parts().analysis;
    const analysis = { ...damaged, analyse: () => Promise.reject(new Failure('recording-damaged')) };
    await moveAway();
    const id = await collected();
    await tryOnce({ analysis });
    assert.equal((await get(id)).reason?.code, 'store-missing');
    await moveBack();
    clock += second;
    await tryOnce();
    const { state, reason, artifacts } = await get(id);
    assert.deepEqual([state, reason?.code], ['failed', 'recording-damaged']);
    assert.deepEqual(
      artifacts.map(({ name }) => name),
      ['recording.jfr'],
    );
    assert.equal(readings, 0, 'it is not read again');
  });

  it('an unreadable recording is read once, even while the baseline is unavailable', async () => {
    let read = 0;
    const analysis = {
      ...parts().analysis,
      analyse: () => Promise.reject(new Failure('recording-damaged', { detail: `reading ${++read}` })),
    };
    const baselineFor = (): Promise<never> => Promise.reject(new Failure('store-missing'));
    await moveAway();
    const id = await collected();
    for (let tries = 0; tries < 3; tries++, clock += minute) await tryOnce({ analysis, baselineFor });
    await moveBack();
    await tryOnce({ analysis, baselineFor });
    const { state, reason } = await get(id);
    assert.deepEqual([state, reason], ['failed', { code: 'recording-damaged', detail: 'reading 1' }]);
  });

  it('a fault in flamepin does not discard the recording', async () => {
    const id = await collected();
    await tryOnce({ baselineFor: () => Promise.reject(new TypeError('not a function')) });
    assert.deepEqual([(await get(id)).state, (await get(id)).reason?.code], ['storing', 'internal-error']);
    clock += second;
    await tryOnce();
    assert.equal((await get(id)).state, 'done');
  });

  it('retries end when the recording passes its retention, with answer and reason', async () => {
    await moveAway();
    const id = await collected();
    clock = noon + 7 * day - 2 * minute;
    await tryUntil(noon + 7 * day + second);
    const capture = await get(id);
    assert.deepEqual([capture.state, capture.reason?.code], ['failed', 'store-missing']);
    assert.equal(capture.storeRetry, null);
    assert.equal(capture.answer?.headline, answer.headline);
    assert.deepEqual(ended, ['failed store-missing']);
    assert.equal((await ledger.spooled()).captures, 0);
  });

  it('a retry by hand is immediate, and the first success stores all the others', async () => {
    await moveAway();
    const ids = [];
    for (let n = 0; n < 5; n++, clock += second) ids.push(await collected(`f${n}`));
    await tryUntil(noon + hour);
    await moveBack();
    const waiting = must(ids[3]);
    assert.equal((await get(waiting)).state, 'storing');
    assert.deepEqual(await ledger.storeNow(waiting, clock), [waiting]);
    for (let tries = 0; tries < 5; tries++) await tryOnce();
    for (const id of ids) assert.equal((await get(id)).state, 'done');
    assert.deepEqual(await ledger.storeNow(waiting, clock), [], 'nothing is left to store');
  });
});
