import PQueue from 'p-queue';
import type { Analysis } from './analysis.ts';
import type { AnalysisResult, ThreadTask } from './analysis-worker.ts';
import { BoundedThread, wholeBuffer } from './bounded-thread.ts';

/** Each thread takes 25 MB to load and up to 100 MB while it reads a 60 s recording. */
const threadsAtMost = 2;
/** From the start of the work, milliseconds: a hundred times what a 60 s recording takes on an idle machine. */
const timeoutMs = 30_000;
/** How long a thread is kept for the next recording, milliseconds; longer than it is loaded ahead of its first. */
const idleMs = 5_000;
/** Masking takes milliseconds, and until it is done our files stay in the target. */
const maskPriority = 1;
const worker = new URL('analysis-worker', import.meta.url);

type Thread = BoundedThread<ThreadTask, Uint8Array | AnalysisResult>;

/**
 * Analysis in at most two threads, one task at a time in each; what exceeds its time or memory ends with its thread
 * and takes no other recording along. Threads end when nothing is left to do.
 * @param recordingBytes bound on an unpacked recording
 */
export function analysisThreads(recordingBytes: number): Analysis {
  const queue = new PQueue({ concurrency: threadsAtMost });
  const idle: { thread: Thread; expiry: NodeJS.Timeout }[] = [];

  function rest(thread: Thread): void {
    const resting = {
      thread,
      expiry: setTimeout(() => {
        idle.splice(idle.indexOf(resting), 1);
        void thread[Symbol.asyncDispose]();
      }, idleMs).unref(),
    };
    idle.push(resting);
  }

  function rested(): Thread | undefined {
    const resting = idle.pop();
    if (resting === undefined) return undefined;
    clearTimeout(resting.expiry);
    return resting.thread.usable ? resting.thread : rested();
  }

  function ask(
    task: ThreadTask,
    priority: number,
    transfer: readonly ArrayBuffer[],
  ): Promise<Uint8Array | AnalysisResult> {
    return queue.add(
      async () => {
        const thread: Thread = rested() ?? new BoundedThread(worker);
        try {
          return await thread.ask(task, timeoutMs, transfer);
        } finally {
          if (thread.usable) rest(thread);
        }
      },
      { priority },
    );
  }

  return {
    prepare: () => {
      if (queue.pending + idle.length < threadsAtMost) rest(new BoundedThread(worker));
    },
    mask: async (recording) => {
      const masked = await ask({ kind: 'mask', recording }, maskPriority, wholeBuffer(recording));
      if (!(masked instanceof Uint8Array)) throw new TypeError('the thread answered another task');
      return bufferOf(masked);
    },
    analyse: async (input) => {
      const result = await ask({ kind: 'analyse', input, recordingBytes }, 0, []);
      if (result instanceof Uint8Array) throw new TypeError('the thread answered another task');
      const artifacts = result.artifacts.map((made) => ({ ...made, body: bufferOf(made.body) }));
      return { ...result, artifacts };
    },
  };
}

/** The same bytes: threads hand over a Buffer as a plain array. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
