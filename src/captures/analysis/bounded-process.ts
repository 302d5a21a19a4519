import { fork, type ChildProcess } from 'node:child_process';
import { Failure } from '../../reasons/failure.ts';
import { OneTask, type TaskAnswer } from './one-task.ts';

/** What the process is asked; the recording itself follows on its standard input, without a copy. */
export interface ProcessTask<Task> {
  task: Task;
  /** Milliseconds. */
  timeoutMs: number;
  recordingBytes: number;
}

/** Of the process itself, which only passes results on, MiB. */
const ownHeapMiB = 64;

/** By the signal that ended it and not us: V8 aborts a process that cannot make one large object; the kernel kills. */
const memorySignals: readonly (NodeJS.Signals | null)[] = ['SIGABRT', 'SIGKILL'];

/**
 * A BoundedThread in a process of its own, for what cannot be bounded where it is written. V8 ends the whole process when
 * a thread asks for an object that is larger than what its heap has left, as a recording can make it do; and a kernel
 * that runs out of memory ends this process before flamepin.
 */
export class BoundedProcess<Task, Result> implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #task: OneTask<Result>;

  /**
   * @param worker as for BoundedThread
   * @param heapMiB bound on the heap of the thread that works
   */
  constructor(worker: URL, heapMiB = 128) {
    const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const child = fork(new URL(`reading-process${ending}`, import.meta.url), [worker.href, String(heapMiB)], {
      execArgv: [`--max-old-space-size=${ownHeapMiB}`, '--max-semi-space-size=4'],
      env: {},
      serialization: 'advanced',
      stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
    });
    this.#process = child;
    this.#task = new OneTask(() => child.kill('SIGKILL'));
    // It must not keep us: without us, it ends.
    child.unref();
    child.channel?.unref();
    // A process that has ended reads no more; its end says why.
    child.stdin?.on('error', () => undefined);
    child.on('message', (message) => {
      this.#task.answered(message as TaskAnswer<Result>);
    });
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#task.end(new Failure('internal-error', { detail: error.message, cause: error }));
        resolve();
      });
      child.on('exit', (code, signal) => {
        this.#task.end(
          memorySignals.includes(signal)
            ? new Failure('recording-damaged', { detail: `it takes more than ${heapMiB} MiB to read` })
            : new Failure('internal-error', { detail: `the reading process ended with ${signal ?? code}` }),
        );
        resolve();
      });
    });
  }

  /** Whether it takes another task: it has neither hit a bound nor ended. */
  get usable(): boolean {
    return this.#task.usable;
  }

  /**
   * Rejects with the worker's own Failure, `analysis-timeout`, or `recording-damaged` when it takes too much memory. One
   * task at a time.
   * @param recording what the worker gets as `recording` of its task
   */
  async ask(task: Task, timeoutMs: number, recording: Uint8Array = new Uint8Array()): Promise<Result> {
    const asked: ProcessTask<Task> = { task, timeoutMs, recordingBytes: recording.length };
    return await this.#task.ask(() => {
      this.#process.send(asked, (error) => {
        if (error !== null)
          this.#task.end(new Failure('internal-error', { detail: error.message, cause: error }));
      });
      if (recording.length > 0) this.#process.stdin?.write(recording);
    }, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#task.end(new Failure('internal-error', { detail: 'reading was ended' }));
    await this.#ended;
  }
}
