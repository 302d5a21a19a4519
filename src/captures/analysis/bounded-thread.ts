import { Worker } from 'node:worker_threads';
import { Failure } from '../../reasons/failure.ts';
import type { ReasonCode } from '../../reasons/reasons.ts';

/** What a thread answers to each task. */
export type ThreadAnswer<Result> = { result: Result } | { code: ReasonCode; detail: string };

/** Of it what is new, MiB. Four times as much saves no time, and is kept by the process when the thread has ended. */
const youngMiB = 16;

/**
 * A thread that does one task after the other, so that a hostile or huge recording can neither stall nor exhaust the
 * service. `file` is the worker's address without its ending, which is .ts in a clone and .js in the package.
 */
export class BoundedThread<Task, Result> implements AsyncDisposable {
  readonly #worker: Worker;
  /** Set once the thread is of no use any more. */
  #end: Failure | null = null;
  #waiting: PromiseWithResolvers<Result> | null = null;

  /**
   * @param heapMiB bound on its heap: a hostile recording that is all tiny constants needs more, and ends as damaged.
   *   Buffers do not count here: whoever unpacks bounds those.
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

  /** Whether it takes another task: it has neither run into a bound nor ended. */
  get usable(): boolean {
    return this.#end === null;
  }

  /**
   * Rejects with the worker's own Failure, `analysis-timeout`, or `recording-damaged` when it takes too much memory.
   * @param transfer buffers of the task that are given away, and not copied
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
 * The memory of these bytes, to be given to another thread with all that is beside them in it; none where they are so
 * few that Node may keep them with those of others: they are copied.
 */
export function ownMemory({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && byteLength > Buffer.poolSize ? [buffer] : [];
}
