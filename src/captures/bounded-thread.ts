import { Worker } from 'node:worker_threads';
import { Failure } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';

/** What a thread posts, once. */
export type ThreadAnswer<Result> = { result: Result } | { code: ReasonCode; detail: string };

/**
 * Heap of a thread in MiB. A 60 s recording needs about 60; a hostile one that is all tiny constants would need more
 * than this and ends as damaged. Buffers do not count here: whoever unpacks bounds those.
 */
const heapMiB = 512;

/**
 * Does one task in a thread of its own, so that a hostile or huge recording can neither stall nor exhaust the
 * service. `file` is the worker's path without its ending, which is .ts in a clone and .js in the package. Rejects
 * with the worker's own Failure, `analysis-timeout`, or `recording-damaged` when it takes too much memory.
 */
export async function inThread<Task, Result>(file: URL, task: Task, timeoutMs: number): Promise<Result> {
  const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const worker = new Worker(new URL(file.href + ending), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    env: {},
  });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const timer = setTimeout(
    () => reject(new Failure('analysis-timeout', { detail: `after ${timeoutMs} ms` })),
    timeoutMs,
  );
  worker.once('message', (answer: ThreadAnswer<Result>) => {
    if ('result' in answer) resolve(answer.result);
    else reject(new Failure(answer.code, { detail: answer.detail }));
  });
  worker.once('error', (error: NodeJS.ErrnoException) => {
    reject(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new Failure('recording-damaged', {
            detail: `it takes more than ${heapMiB} MiB to read`,
            cause: error,
          })
        : new Failure('internal-error', { detail: error.message, cause: error }),
    );
  });
  worker.once('exit', (code) =>
    reject(new Failure('internal-error', { detail: `the reading thread ended with ${code}` })),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
