import PQueue from 'p-queue';
import type { Analysis } from './analysis.ts';
import type { AnalysisResult, ThreadTask } from './analysis-worker.ts';
import { BoundedThread, ownMemory } from './bounded-thread.ts';

/** Each thread takes 25 MB to load and up to 100 MB while it reads a 60 s recording. */
const analysesAtOnce = 2;
/** How long a thread is kept for the next recording, milliseconds; longer than it is loaded ahead of its first. */
const idleMs = 5_000;

interface ThreadOptions {
  /** Without its ending. */
  worker: URL;
  /** From the start of the work, milliseconds. */
  timeoutMs: number;
}

const options: ThreadOptions = {
  worker: new URL('analysis-worker', import.meta.url),
  /** A hundred times what a 60 s recording takes on an idle machine. */
  timeoutMs: 30_000,
};

type Thread = BoundedThread<ThreadTask, Uint8Array | AnalysisResult>;

/**
 * Analysis in a few threads, one task at a time in each: what exceeds its time or memory ends with its thread and takes
 * no other recording along. Masking takes milliseconds, and until it is done our files stay in the target, so it never
 * waits for an analysis. Threads end when nothing is left to do.
 * @param recordingBytes bound on an unpacked recording
 */
export function analysisThreads(recordingBytes: number, { worker, timeoutMs } = options): Analysis {
  const masks = new PQueue({ concurrency: 1 });
  const analyses = new PQueue({ concurrency: analysesAtOnce });
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

  async function work(
    task: ThreadTask,
    transfer: readonly ArrayBuffer[],
    stop: AbortSignal | null,
  ): Promise<Uint8Array | AnalysisResult> {
    stop?.throwIfAborted();
    const thread: Thread = rested() ?? new BoundedThread(worker);
    const end = (): void => void thread[Symbol.asyncDispose]();
    stop?.addEventListener('abort', end, { once: true });
    try {
      return await thread.ask(task, timeoutMs, transfer);
    } finally {
      stop?.removeEventListener('abort', end);
      if (thread.usable) rest(thread);
    }
  }

  return {
    prepare: () => {
      if (idle.length === 0 && masks.pending === 0) rest(new BoundedThread(worker));
    },
    mask: async (recording) => {
      const transfer = ownMemory(recording);
      const masked = await masks.add(() => work({ kind: 'mask', recording }, transfer, null));
      if (!(masked instanceof Uint8Array)) throw new TypeError('the thread answered another task');
      return bufferOf(masked);
    },
    analyse: async (input, signal) => {
      const task = { kind: 'analyse', input, recordingBytes } as const;
      const result = await analyses.add(() => work(task, [], signal));
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
