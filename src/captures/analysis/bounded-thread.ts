import { Worker } from 'node:worker_threads';
import { Failure } from '../../reasons/failure.ts';
import { OneTask, type TaskAnswer } from './one-task.ts';

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
  readonly #task: OneTask<Result>;

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
    this.#task = new OneTask(() => void this.#worker.terminate());
    this.#worker.on('message', (answer: TaskAnswer<Result>) => {
      this.#task.answered(answer);
    });
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#task.end(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? new Failure('recording-damaged', {
              detail: `it takes more than ${heapMiB} MiB to read`,
              cause: error,
            })
          : new Failure('internal-error', { detail: error.message, cause: error }),
      );
    });
    this.#worker.on('exit', (code) => {
      this.#task.end(new Failure('internal-error', { detail: `the reading thread ended with ${code}` }));
    });
  }

  /** Whether it takes another task: it has neither hit a bound nor ended. */
  get usable(): boolean {
    return this.#task.usable;
  }

  /**
   * Rejects with the worker's own Failure, `analysis-timeout`, or `recording-damaged` when it takes too much memory.
   * @param transfer buffers of the task to transfer instead of copy
   */
  async ask(task: Task, timeoutMs: number, transfer: readonly ArrayBuffer[] = []): Promise<Result> {
    return await this.#task.ask(() => {
      this.#worker.postMessage(task, transfer);
    }, timeoutMs);
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
