import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { captureId } from '../../../src/captures/capture-id.ts';
import { recordingMemory } from '../../../src/captures/analysis/recording-memory.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import type { Profiling } from '../../../src/captures/profiling.ts';
import { captureStages } from '../../../src/captures/stages/capture-stages.ts';
import { profileWindow } from '../../../src/captures/stages/profile-window.ts';
import type { Journal } from '../../../src/captures/stages/window-parts.ts';
import { newCapture } from '../../../src/ledgers/capture-change.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { toCapture } from '../../given/decision.ts';
import { session } from '../../given/session.ts';
import { targetOn } from '../../given/target.ts';

/**
 * The window that the worker and `flamepin capture` share. The profiler stands in, for faults at an exact moment; it
 * refuses an aborted signal as a real connection does. The order of what happens is in `steps`.
 */
describe('a window', () => {
  const target = targetOn('n1', 'checkout');
  const asked = (): Capture => {
    const request = { durationSeconds: 1 };
    return newCapture(toCapture('f1', { id: captureId(Date.now()), request }), Date.now());
  };

  function scene({ resumable = true, capture = asked() } = {}) {
    const steps: string[] = [];
    const caller = new AbortController();
    const starting = new AbortController();
    const step = <T>(what: string, result: T): Promise<T> => {
      steps.push(what);
      return Promise.resolve(result);
    };
    const profiling: Profiling = {
      start: () => step('start', { session, firstSampleAt: null }),
      end: () => Promise.resolve(),
      waitForEnd: () => Promise.resolve(3),
      collect: () => {
        const collected = { recording: Buffer.from('FLR'), partial: false, ended: true, cpuStat: null };
        return step('collect', { ...collected, windowEndedAt: null });
      },
      cleanUp: (_exec, _session, signal) => {
        signal.throwIfAborted();
        return step('clean', { left: [] });
      },
      cleanUpUnknown: (_exec, _id, signal) => {
        signal.throwIfAborted();
        return step('clean unknown', { left: [] });
      },
    };
    const journal: Journal = {
      resumable,
      admit: (admitted) => {
        const timeline = { ...admitted.timeline, startedAt: new Date().toISOString() };
        return step('intent written', { ...admitted, state: 'capturing', timeline } satisfies Capture);
      },
      started: () => step('session written', true),
      collected: () => step('recording written', true),
      cleaned: () => step('cleaning written', undefined),
      failed: (error, stage) => {
        steps.push(`failed in ${stage}`);
        throw error;
      },
      notClean: (left) => {
        steps.push(`not clean: ${left instanceof Error ? left.message : left.join(' ')}`);
      },
    };
    const run = (): Promise<Capture | null> =>
      profileWindow(
        capture,
        {
          targets: () =>
            Promise.resolve({
              resolve: () => step('resolve', target),
              open: () => ({ run: () => Promise.reject(new Error('only the profiler runs commands')) }),
              health: () => Promise.resolve({ alive: true }),
            }),
          profiling,
          analysis: {
            prepare: () => void steps.push('prepare'),
            mask: (recording) => step('mask', recording),
          },
          memory: recordingMemory(1024 ** 2),
          observer: { stage: () => undefined },
          now: Date.now,
          limits: { maxRecordingBytes: 1024 ** 2 },
        },
        journal,
        { signal: caller.signal, startSignal: starting.signal },
      );
    return { run, steps, profiling, journal, caller, starting };
  }

  const whole = [
    'resolve',
    'intent written',
    'start',
    'session written',
    'prepare',
    'collect',
    'mask',
    'recording written',
    'clean',
    'cleaning written',
  ];

  it('passes its stages in the order of the list, each written before the next', async () => {
    assert.deepEqual(
      [...captureStages.window, ...captureStages.store].map(({ name }) => name),
      ['resolve', 'admit', 'start', 'wait', 'collect', 'clean', 'analyse', 'store'],
    );
    const { run, steps } = scene();
    const capture = await run();
    assert.deepEqual(steps, whole);
    assert.deepEqual([capture?.state, capture?.target, capture?.session?.pid], ['storing', target, 7]);
  });

  it('goes on from its middle after a crash, without a second start', async () => {
    const timeline = { ...asked().timeline, startedAt: new Date(0).toISOString() };
    const { run, steps } = scene({ capture: { ...asked(), state: 'capturing', target, session, timeline } });
    await run();
    assert.deepEqual(steps, whole.slice(4));
  });

  it('touches nothing where the journal says that it belongs to another worker', async () => {
    const atStart = scene();
    atStart.journal.admit = () => Promise.resolve(null);
    assert.equal(await atStart.run(), null);
    assert.deepEqual(atStart.steps, ['resolve']);

    const atEnd = scene();
    atEnd.journal.collected = () => Promise.resolve(false);
    assert.equal(await atEnd.run(), null);
    assert.deepEqual(atEnd.steps, whole.slice(0, 7));
  });

  it('is cleaned although its caller ends after the recording was written', async () => {
    for (const resumable of [true, false]) {
      const { run, steps, journal, caller } = scene({ resumable });
      journal.collected = () => {
        caller.abort();
        return Promise.resolve(true);
      };
      await run();
      assert.deepEqual(steps.slice(-2), ['clean', 'cleaning written']);
    }
  });

  it('by hand is cleaned after Ctrl-C in its middle; that of the worker goes on in the target', async () => {
    for (const resumable of [true, false]) {
      const { run, steps, journal, caller } = scene({ resumable });
      journal.started = () => {
        caller.abort();
        return Promise.resolve(true);
      };
      await assert.rejects(run(), { name: 'AbortError' });
      const after = resumable ? ['failed in wait'] : ['clean', 'failed in wait'];
      assert.deepEqual(steps, [...whole.slice(0, 3), ...after]);
    }
  });

  it('by hand is cleaned after Ctrl-C in its start; that of the worker is left to the next process', async () => {
    for (const resumable of [true, false]) {
      const { run, steps, profiling, starting } = scene({ resumable });
      profiling.start = () => {
        starting.abort();
        return Promise.reject(new Failure('exec-disconnected'));
      };
      await assert.rejects(run());
      const after = resumable ? ['failed in start'] : ['clean unknown', 'failed in start'];
      assert.deepEqual(steps, ['resolve', 'intent written', ...after]);
    }
  });

  it('that was refused touched nothing; one whose start failed otherwise is cleaned', async () => {
    for (const [code, after] of [
      ['memory-low', ['failed in start']],
      ['profiler-failed', ['clean unknown', 'failed in start']],
    ] as const) {
      const { run, steps, profiling } = scene();
      profiling.start = () => Promise.reject(new Failure(code));
      await assert.rejects(run(), { code });
      assert.deepEqual(steps, ['resolve', 'intent written', ...after]);
    }
  });

  it('tells what it could not clean, after three attempts where that may help, and ends all the same', async () => {
    const { run, steps, profiling } = scene();
    let attempts = 0;
    profiling.cleanUp = () => {
      attempts++;
      return Promise.reject(new Failure('exec-disconnected', { detail: 'the pod was busy' }));
    };
    assert.notEqual(await run(), null);
    assert.equal(attempts, 3);
    assert.match(steps.at(-1) ?? '', /^not clean: /);

    const left = scene();
    left.profiling.cleanUp = () => Promise.resolve({ left: ['/tmp/flamepin-x'] });
    assert.notEqual(await left.run(), null);
    assert.deepEqual(left.steps.slice(-1), ['not clean: /tmp/flamepin-x']);
  });
});
