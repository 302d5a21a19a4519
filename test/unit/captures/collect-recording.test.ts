import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBudget } from '../../../src/captures/analysis/memory-budget.ts';
import type { Profiling } from '../../../src/captures/profiling.ts';
import { collectRecording } from '../../../src/captures/stages/collect-recording.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { capturing } from '../../given/capture.ts';
import { session } from '../../given/session.ts';

const mebibyte = 1024 ** 2;
const maxRecordingBytes = 64 * mebibyte;

describe('fetching recordings under a limit on memory', () => {
  /** `sizes`: what each target says of its recording; it never ends where that is null. */
  function fetchAll(sizes: readonly (number | null)[], budget: MemoryBudget, lasting: Promise<void>) {
    const fetched: number[] = [];
    const collecting = sizes.map((size, index) => {
      const profiling: Pick<Profiling, 'waitForEnd' | 'collect'> = {
        waitForEnd: () => (size === null ? new Promise(() => undefined) : Promise.resolve(size)),
        collect: async () => {
          fetched.push(index);
          await lasting;
          return {
            recording: Buffer.from('FLR'),
            partial: false,
            ended: true,
            cpuStat: null,
            windowEndedAt: null,
          };
        },
      };
      return collectRecording(capturing({ session }), {
        profiling: profiling as Profiling,
        analysis: { prepare: () => undefined, mask: (bytes) => Promise.resolve(bytes) },
        memory: { fetching: budget, fetchBytes: 2 * maxRecordingBytes },
        observer: { stage: () => undefined },
        now: Date.now,
        limits: { maxRecordingBytes },
        journal: {
          resumable: true,
          admit: () => Promise.reject(new Error('admitted before')),
          started: () => Promise.reject(new Error('started before')),
          collected: () => Promise.resolve(true),
          cleaned: () => Promise.resolve(),
          failed: () => Promise.reject(new Failure('internal-error')),
          notClean: () => undefined,
        },
        signal: new AbortController().signal,
        connect: () => Promise.resolve({ run: () => Promise.reject(new Error('the profiler alone')) }),
      });
    });
    return { fetched, collecting };
  }

  it('waits for none that is silent: it holds no memory before its session has ended', async () => {
    const { fetched, collecting } = fetchAll(
      [null, maxRecordingBytes],
      new MemoryBudget(2 * maxRecordingBytes),
      Promise.resolve(),
    );
    await collecting[1];
    assert.deepEqual(fetched, [1]);
  });

  it('fetches small ones together where one of the largest size would fit, and large ones in turn', async () => {
    const budget = new MemoryBudget(2 * maxRecordingBytes);
    const { promise: lasting, resolve: end } = Promise.withResolvers<void>();
    const small = fetchAll([mebibyte, mebibyte, mebibyte], budget, lasting);
    const large = fetchAll([maxRecordingBytes], budget, lasting);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(small.fetched, [0, 1, 2]);
    assert.deepEqual(large.fetched, []);
    end();
    await Promise.all([...small.collecting, ...large.collecting]);
    assert.deepEqual(large.fetched, [0]);
  });
});
