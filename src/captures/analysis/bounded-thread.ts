import { Worker } from 'node:worker_threads';
import { Failure } from '../../reasons/failure.ts';
import type { ReasonCode } from '../../reasons/reasons.ts';

/** What a thread answers to each task. */
export type ThreadAnswer<Result> = { result: Result } | { code: ReasonCode; detail: string };

/** Young generation, MiB. Four times as much saves no time, and the process keeps it after the thread has ended. */
const youngMiB = 16;

/**
 * A thread that runs one task at a time, so that a hostile or huge recording cannot stall the service. Its heap is bounded
 * as long as each object is small; one that is larger than what the heap has left ends the whole process: see
 * BoundedProcess.
 * `file` is the worker's URL without its extension, which is .ts in a clone and .js in the package.
 */
export class BoundedThread<Task, Result> implements AsyncDisposable {
  readonly #worker: Worker;
  /** Set once the thread can take no more tasks. */
  #end: Failure | null = null;
  #waiting: PromiseWithResolvers<Result> | null = null;

  /**
   * @param heapMiB bound on its heap: a hostile recording of nothing but tiny constants needs more, and ends as damaged.
   *   Buffers do not count towards it; unpacking bounds those.
   */
  constructor(file: URL, heapMiB = 128) {
    const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    this.#worker = new Worker(new URL(file.href + ending), {
      resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: youngMiB, stackSizeMb: 4 },
      env: {},
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: ThreadAnswer<Result>) => {
      const waiting = this.#waiting;
      this.#waiting = null;
      if ('result' in answer) waiting?.resolve(answer.result);
      else waiting?.reject(new Failure(answer.code, { detail: answer.detail }));
    });
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#stop(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? new Failure('recording-damaged', {
              detail: `it takes more than ${heapMiB} MiB to read`,
              cause: error,
            })
          : new Failure('internal-error', { detail: error.message, cause: error }),
      );
    });
    this.#worker.on('exit', (code) => {
      this.#stop(new Failure('internal-error', { detail: `the reading thread ended with ${code}` }));
    });
  }

  /** Whether it takes another task: it has neither hit a bound nor ended. */
  get usable(): boolean {
    return this.#end === null;
  }

  /**
   * Rejects with the worker's own Failure, `analysis-timeout`, or `recording-damaged` when it takes too much memory.
   * @param transfer buffers of the task to transfer instead of copy
   */
  async ask(task: Task, timeoutMs: number, transfer: readonly ArrayBuffer[] = []): Promise<Result> {
    if (this.#end !== null) throw this.#end;
    const waiting = Promise.withResolvers<Result>();
    this.#waiting = waiting;
    const timer = setTimeout(() => {
      this.#stop(new Failure('analysis-timeout', { detail: `after ${timeoutMs} ms` }));
    }, timeoutMs);
    try {
      this.#worker.postMessage(task, transfer);
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  #stop(reason: Failure): void {
    this.#end ??= reason;
    this.#waiting?.reject(this.#end);
    this.#waiting = null;
    void this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/**
 * The buffer behind these bytes, to be transferred to another thread; none for small ones, which may share Node's buffer
 * pool and are copied instead.
 */
export function ownMemory({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && byteLength > Buffer.poolSize ? [buffer] : [];
}
