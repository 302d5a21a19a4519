import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { artifactKey } from '../../../src/artifacts/keys.ts';
import { filesystemStore } from '../../../src/stores/filesystem.ts';
import type { ArtifactStore } from '../../../src/captures/artifact-store.ts';
import type { Analysis } from '../../../src/captures/analysis/analysis.ts';
import { captureId } from '../../../src/captures/capture-id.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import type { Ledger, LeasedCapture } from '../../../src/captures/ledger.ts';
import { profileCapture, storeCapture } from '../../../src/captures/stages/run-capture.ts';
import { recordingMemory } from '../../../src/captures/analysis/recording-memory.ts';
import type { StageParts } from '../../../src/captures/stages/stage-parts.ts';
import { openSqliteLedger } from '../../../src/ledgers/sqlite/sqlite.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import type { Target } from '../../../src/captures/target.ts';
import { toCapture } from '../../given/decision.ts';
import { must } from '../../given/in-ledger.ts';
import { session } from '../../given/session.ts';
import { targetOn } from '../../given/target.ts';
import type { Answer } from '../../../src/profile/answer/answer.ts';

const owner = 'worker';
const leaseMs = 30_000;
const log = pino({ level: 'silent' });
const { signal } = new AbortController();
const recording = Buffer.from('FLR, what the JVM did');
const answer: Answer = {
  headline: 'wall: 80% in LoyaltyService.points',
  confidence: 'likely',
  lines: [],
  topFrames: [],
  comparedWith: null,
  comparison: null,
  samples: 300,
};

/**
 * The stages on a real ledger and a real store. Target, profiler and reader stand in, for faults that the real ones
 * do not show when asked; what is done to them is written down in `done`.
 */
describe('a capture in progress', () => {
  let directory = '';
  let ledger: Ledger;
  let store: ArtifactStore;
  let done: string[];
  let ended: string[];
  let clock = 0;
  const target: Target = targetOn('n1', 'checkout');

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-stages-'));
    ledger = openSqliteLedger({ path: join(directory, 'flamepin.db') });
    store = filesystemStore({ directory: join(directory, 'artifacts') });
    done = [];
    ended = [];
    clock = Date.now();
  });
  afterEach(async () => {
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  });

  const note = <T>(what: string, result: T): Promise<T> => {
    done.push(what);
    return Promise.resolve(result);
  };
  const analysis: Analysis = {
    prepare: () => undefined,
    mask: (bytes) => note('mask', bytes),
    analyse: () => {
      const body = Buffer.from('<svg/>');
      return note('analyse', {
        answer,
        partial: false,
        artifacts: [
          {
            name: 'flamegraph.svg',
            event: 'wall',
            body,
            contentType: 'image/svg+xml',
            contentEncoding: 'identity',
          },
        ],
      });
    },
  };
  const parts = (change: Partial<StageParts> = {}, analysisChange: Partial<Analysis> = {}): StageParts => ({
    ledger,
    targets: () =>
      Promise.resolve({
        resolve: () => note('resolve', target),
        open: () => ({
          run: () => Promise.reject(new Error('nothing but the profiler runs commands')),
        }),
        health: () => Promise.resolve({ alive: true }),
      }),
    profiling: {
      start: () => note('start', { session, firstSampleAt: null }),
      end: () => Promise.resolve(),
      waitForEnd: () => Promise.resolve(recording.length),
      collect: () =>
        note('collect', {
          recording,
          partial: false,
          ended: true,
          cpuStat: null,
          windowEndedAt: new Date().toISOString(),
        }),
      cleanUp: () => note('clean', { left: [] }),
      cleanUpUnknown: () => note('clean unknown', { left: [] }),
    },
    analysis: { ...analysis, ...analysisChange },
    store,
    memory: recordingMemory(1024 ** 2),
    baselineFor: () => Promise.resolve(null),
    observer: {
      stage: () => undefined,
      firstSample: () => undefined,
      ended: (_purpose, outcome, reason) => ended.push(`${outcome} ${reason ?? ''}`.trim()),
      delivered: () => undefined,
      harmed: () => undefined,
    },
    // Each look at the clock is a while later, so that no window has to be waited for.
    now: () => (clock += 300),
    owner,
    limits: { total: 8, perNode: 1, maxRecordingBytes: 1 << 20, deadlineMs: 120_000 },
    recordingsKeptMs: 7 * 24 * 3_600_000,
    publicUrl: null,
    applicationPackages: [],
    profilerLinks: () => [],
    wake: () => undefined,
    ...change,
  });

  async function accept(fingerprint: string, cooldownSeconds = 0): Promise<string> {
    const now = Date.now();
    const decision = toCapture(fingerprint, {
      id: captureId(now),
      deadlineAt: now + 120_000,
      request: { durationSeconds: 1, cooldownSeconds },
    });
    await ledger.accept([decision], now);
    return decision.id;
  }
  /** Leases what is due, or will be within a minute, and takes it as far as it goes. */
  async function run(withParts: StageParts): Promise<void> {
    const capture = must(await ledger.lease(owner, Date.now() + 60_000, leaseMs));
    await runCapture(capture, withParts, log, signal);
  }
  const get = async (id: string): Promise<Capture> => must(await ledger.get(id));
  /** A process that is killed once it has fetched the recording: nothing after that happens, and its lease runs out. */
  async function diesBeforeItCleans(id: string): Promise<void> {
    const beside = parts();
    const cleanUp = (): Promise<never> => new Promise(() => undefined);
    const leased = must(await ledger.lease(owner, Date.now(), leaseMs));
    void runCapture(leased, { ...beside, profiling: { ...beside.profiling, cleanUp } }, log, signal);
    while ((await get(id)).state !== 'storing') await sleep(10);
    await ledger.sweep(Date.now() + 4 * leaseMs);
  }

  it('keeps the recording in the target while the ledger cannot take it, and continues later', async () => {
    const id = await accept('f1');
    const spool = ledger.spool.bind(ledger);
    ledger.spool = () => Promise.reject(new Failure('ledger-full'));
    await assert.rejects(run(parts()), { code: 'ledger-full' });
    ledger.spool = spool;
    assert.equal((await get(id)).state, 'capturing');
    assert.ok(!done.includes('clean'));

    // Its lease runs out.
    await ledger.sweep(Date.now() + 4 * leaseMs);
    await run(parts());
    assert.equal((await get(id)).state, 'done');
    assert.deepEqual(
      done.filter((what) => ['start', 'collect', 'clean'].includes(what)),
      ['start', 'collect', 'collect', 'clean'],
    );
    assert.deepEqual(ended, ['done']);
  });

  it('cleans the target of a recording that an earlier process fetched and died before it cleaned, once', async () => {
    const id = await accept('f1');
    await diesBeforeItCleans(id);
    assert.equal((await get(id)).uncleaned, true);
    await run(parts());
    const capture = await get(id);
    assert.deepEqual([capture.state, capture.uncleaned], ['done', false]);
    assert.deepEqual(
      done.filter((what) => ['start', 'collect', 'clean', 'analyse'].includes(what)),
      ['start', 'collect', 'clean', 'analyse'],
    );
  });

  it('stores a recording although the target, which was left uncleaned, can no longer be opened', async () => {
    const id = await accept('f1');
    await diesBeforeItCleans(id);
    await run(parts({ targets: () => Promise.reject(new Failure('exec-unavailable')) }));
    assert.equal((await get(id)).state, 'done');
  });

  it('leaves the target clean when the ledger is lost in its window', async () => {
    await accept('f1');
    ledger.spool = () => Promise.reject(new Failure('ledger-lost'));
    const advance = ledger.advance.bind(ledger);
    ledger.advance = (id, by, change, now) =>
      change.state === 'failed' ? Promise.reject(new Failure('ledger-lost')) : advance(id, by, change, now);
    await assert.rejects(run(parts()), { code: 'ledger-lost' });
    assert.deepEqual(done.slice(-2), ['mask', 'clean']);
  });

  it('leaves the target clean when flamepin is stopped just after the recording was written down', async () => {
    const id = await accept('f1');
    const stopping = new AbortController();
    const spool = ledger.spool.bind(ledger);
    ledger.spool = async (...recording) => {
      const kept = await spool(...recording);
      stopping.abort();
      return kept;
    };
    const beside = parts();
    const cleanUp: StageParts['profiling']['cleanUp'] = (_exec, _session, stop) => {
      // As a real connection does.
      stop.throwIfAborted();
      return note('clean', { left: [] });
    };
    const stopped = { ...beside, profiling: { ...beside.profiling, cleanUp } };
    const leased = must(await ledger.lease(owner, Date.now(), leaseMs));
    const interruption = { signal: stopping.signal, startSignal: signal };
    await profileCapture(leased, stopped, log, interruption).catch(() => undefined);
    assert.equal((await get(id)).state, 'storing');
    assert.deepEqual(done.slice(-1), ['clean'], 'the next process only stores');
  });

  it('waits for an unavailable store without asking the target again', async () => {
    const id = await accept('f1');
    const away: ArtifactStore = { ...store, put: () => Promise.reject(new Failure('store-unavailable')) };
    for (let attempt = 0; attempt < 3; attempt++) await run(parts({ store: away }));
    assert.equal((await get(id)).state, 'storing');
    await run(parts());
    const capture = await get(id);
    assert.equal(capture.state, 'done');
    assert.equal(capture.reason, null, 'the outage is over');
    assert.equal(done.filter((what) => what === 'collect').length, 1);
    assert.equal((await store.list('', 10, signal)).length, 1);
    assert.equal(await ledger.readSpool(id), undefined);
  });

  it('keeps the recording for people when it cannot be read', async () => {
    const id = await accept('f1');
    const damaged = new Failure('recording-damaged', { detail: 'chunk 1' });
    await run(parts({}, { analyse: () => Promise.reject(damaged) }));
    const capture = await get(id);
    assert.equal(capture.state, 'failed');
    assert.deepEqual(capture.reason, { code: 'recording-damaged', detail: 'chunk 1' });
    const [artifact, ...others] = capture.artifacts;
    assert.deepEqual(others, []);
    assert.equal(artifact?.name, 'recording.jfr');
    const object = must(await store.get(artifact.key, signal));
    assert.deepEqual(gunzipSync(object.body), recording);
    assert.deepEqual(ended, ['failed recording-damaged']);
    assert.equal(await ledger.readSpool(id), undefined);
  });

  it('is counted once when it is refused after resolving', async () => {
    await accept('f1', 900);
    await run(parts());
    const id = await accept('f2', 900);
    await run(parts());
    const capture = await get(id);
    assert.equal(capture.state, 'skipped');
    assert.equal(capture.reason?.code, 'cooldown');
    assert.deepEqual(ended, ['done', 'skipped cooldown']);
    assert.equal(done.filter((what) => what === 'start').length, 1);
  });

  it('is collected where it was started, even by the next process', async () => {
    const id = await accept('f1');
    const places: unknown[] = [];
    const beside = parts();
    const profiling = {
      ...beside.profiling,
      start: () => note('start', { session: { ...session, place: 'beside' }, firstSampleAt: null }),
    };
    const targets: StageParts['targets'] = async (kind) => ({
      ...(await beside.targets(kind)),
      open: (_target, again) => {
        places.push(again?.place);
        return { run: () => Promise.reject(new Error('nothing but the profiler runs commands')) };
      },
    });
    const spool = ledger.spool.bind(ledger);
    ledger.spool = () => Promise.reject(new Failure('ledger-full'));
    await assert.rejects(run({ ...beside, profiling, targets }), { code: 'ledger-full' });
    ledger.spool = spool;
    await ledger.sweep(Date.now() + 4 * leaseMs);
    await run({ ...beside, profiling, targets });
    assert.equal((await get(id)).state, 'done');
    assert.deepEqual(places, [undefined, 'beside', 'beside']);
  });

  it('is never started again when the outcome of its start is unknown', async () => {
    const id = await accept('f1');
    const now = Date.now();
    await ledger.lease(owner, now, leaseMs);
    await ledger.admit(id, owner, target, { total: 8, perNode: 1 }, now);
    await ledger.sweep(now + 2 * leaseMs);
    await run(parts());
    const capture = await get(id);
    assert.equal(capture.reason?.code, 'interrupted');
    assert.deepEqual(capture.target, target, 'it is still known what it was about');
    assert.deepEqual(done, ['clean unknown']);
  });

  it('ends with its reason and a clean target when its session could not be saved', async () => {
    const id = await accept('f1');
    const beside = parts();
    const start = () => note('start', { session: { ...session, pid: 5.5 }, firstSampleAt: null });
    await run({ ...beside, profiling: { ...beside.profiling, start } });
    assert.deepEqual(ended, ['failed internal-error']);
    assert.match((await get(id)).reason?.detail ?? '', /session.pid/);
    assert.ok(done.includes('clean unknown'));
  });

  it('is read although flamepin was killed twice in its window', async () => {
    const id = await accept('f1');
    const spool = ledger.spool.bind(ledger);
    ledger.spool = () => Promise.reject(new Failure('ledger-full'));
    let now = Date.now();
    await assert.rejects(run(parts()), { code: 'ledger-full' });
    for (let times = 0; times < 2; times++) {
      now += 4 * leaseMs;
      await ledger.sweep(now);
      if (times < 1) await ledger.lease(owner, now, leaseMs);
    }
    ledger.spool = spool;
    const leased = must(await ledger.lease(owner, now, leaseMs));
    assert.equal(leased.cutOffs, 2);
    await runCapture(leased, parts(), log, signal);
    assert.equal((await get(id)).state, 'done');
  });

  it('is cleaned up and ended when flamepin was killed too often in its window', async () => {
    const id = await accept('f1');
    ledger.spool = () => Promise.reject(new Failure('ledger-full'));
    let now = Date.now();
    await assert.rejects(run(parts()), { code: 'ledger-full' });
    for (let times = 0; times < 5; times++) {
      now += 4 * leaseMs;
      await ledger.sweep(now);
      if (times < 4) await ledger.lease(owner, now, leaseMs);
    }
    await runCapture(must(await ledger.lease(owner, now, leaseMs)), parts(), log, signal);
    assert.deepEqual(ended, ['failed capture-given-up']);
    assert.deepEqual(done.slice(-1), ['clean']);
    assert.match((await get(id)).reason?.detail ?? '', /5 times while it was capturing/);
  });

  it('is stored unread when reading it has killed flamepin twice', async () => {
    const id = await accept('f1');
    const leased = must(await ledger.lease(owner, Date.now(), leaseMs));
    must((await profileCapture(leased, parts(), log, { signal, startSignal: signal })) ?? undefined);
    let now = Date.now() + 60_000;
    for (let times = 0; times < 2; times++) {
      now += leaseMs;
      await ledger.sweep(now);
      await ledger.lease(owner, now, leaseMs);
    }
    await ledger.release(id, owner, now);
    done = [];
    // Stored by one of the attempts that were cut off.
    const key = artifactKey(id, 'flamegraph.svg', 'wall');
    await store.put(
      {
        key,
        body: Buffer.from('<svg/>'),
        contentType: 'image/svg+xml',
        contentEncoding: 'identity',
        metadata: {},
      },
      signal,
    );
    await runCapture(must(await ledger.lease(owner, now, leaseMs)), parts(), log, signal);
    assert.equal(await store.get(key, signal), undefined, 'nobody would find it');
    const capture = await get(id);
    assert.deepEqual([capture.state, capture.reason?.code], ['failed', 'capture-given-up']);
    assert.deepEqual(
      capture.artifacts.map(({ name }) => name),
      ['recording.jfr'],
    );
    assert.deepEqual(done, []);
  });

  it('is tried again while the target cannot be reached, until its deadline', async () => {
    const id = await accept('f1');
    const unreachable = parts({ targets: () => Promise.reject(new Failure('exec-unavailable')) });
    await run(unreachable);
    assert.equal((await get(id)).state, 'queued');
    await run({ ...unreachable, now: () => Date.now() + 130_000 });
    const capture = await get(id);
    assert.equal(capture.reason?.code, 'exec-unavailable');
    assert.deepEqual(done, []);
  });
});

/** As the worker does: through the window, then into the store, or into the store alone after a crash. */
async function runCapture(
  capture: LeasedCapture,
  parts: StageParts,
  captureLog: typeof log,
  stop: AbortSignal,
): Promise<void> {
  const interruption = { signal: stop, startSignal: stop };
  if (capture.state === 'storing') {
    await storeCapture(capture, parts, captureLog, interruption);
    return;
  }
  const collected = await profileCapture(capture, parts, captureLog, interruption);
  if (collected !== null) await storeCapture(collected, parts, captureLog, interruption);
}
