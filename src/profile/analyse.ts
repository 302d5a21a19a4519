import { Worker } from 'node:worker_threads';
import { Failure } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';
import type { Profile } from './profile.ts';
import { tooLarge } from './unpack-recording.ts';

/** What the worker is given: the recording's bytes are moved, not copied, when they own their memory. */
export interface AnalysisTask {
  recording: Uint8Array;
  /** Bound on the recording once it is unpacked, bytes. */
  maximumBytes: number;
}

export type AnalysisAnswer = { profile: Profile } | { code: ReasonCode; detail: string };

export interface AnalysisLimits {
  /** Milliseconds until the reading is given up; default 30 s, a hundred times what a 60 s recording takes. */
  timeoutMs?: number;
  /** Bound on the unpacked recording, default 64 MiB: thirty times a busy 60 s recording (1.8 MB measured). */
  maximumBytes?: number;
  signal?: AbortSignal;
}

/**
 * Heap of the worker in MiB. A 60 s recording needs about 60; a hostile one of 64 MiB that is all tiny constants
 * would need more than this, and ends as damaged. Buffers do not count here: `maximumBytes` bounds those.
 */
const workerHeapMiB = 512;

/**
 * Reads a recording (JFR, gzipped or not) in a thread of its own, so that a hostile or huge one can neither stall
 * nor exhaust the service. Rejects with a Failure: `analysis-timeout`; `recording-empty` when it holds no samples;
 * `recording-damaged` when it cannot be read, is too large, or takes too much memory.
 */
export function analyse(recording: Uint8Array, limits: AnalysisLimits = {}): Promise<Profile> {
  const { timeoutMs = 30_000, maximumBytes = 64 * 1024 * 1024, signal } = limits;
  if (recording.length > maximumBytes) return Promise.reject(tooLarge(maximumBytes));
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const task: AnalysisTask = { recording: Uint8Array.from(recording), maximumBytes };
  const worker = new Worker(new URL(`./analyse-worker.${ending}`, import.meta.url), {
    workerData: task,
    transferList: [task.recording.buffer as ArrayBuffer],
    resourceLimits: { maxOldGenerationSizeMb: workerHeapMiB, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    env: {},
    stdin: false,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Profile>();
  const timer = setTimeout(
    () => reject(new Failure('analysis-timeout', { detail: `after ${timeoutMs} ms` })),
    timeoutMs,
  );
  const onAbort = () => reject(new Failure('interrupted', { cause: signal?.reason }));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  worker.once('message', (answer: AnalysisAnswer) => {
    if ('profile' in answer) resolve(answer.profile);
    else reject(new Failure(answer.code, { detail: answer.detail }));
  });
  worker.once('error', (error: NodeJS.ErrnoException) => {
    const memory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    reject(
      memory
        ? new Failure('recording-damaged', {
            detail: `it takes more than ${workerHeapMiB} MiB to read`,
            cause: error,
          })
        : new Failure('internal-error', { detail: error.message, cause: error }),
    );
  });
  worker.once('exit', (code) => {
    reject(new Failure('internal-error', { detail: `the reading thread ended with ${code}` }));
  });
  return promise.finally(async () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  });
}
