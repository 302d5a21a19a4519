import PQueue from 'p-queue';
import type { Analysis } from './analysis.ts';
import type { AnalysisResult, ThreadTask } from './analysis-worker.ts';
import { BoundedThread, ownMemory } from './bounded-thread.ts';
import { heapFor } from './recording-memory.ts';

/** Each thread takes 25 MB to load and up to 100 MB while it reads a 60 s recording. Larger ones: recording-memory.ts. */
const analysesAtOnce = 2;
/** How long a thread is kept for the next recording, milliseconds; longer than it is loaded ahead of its first. */
const idleMs = 5_000;
const mebibyte = 1024 ** 2;
/** For each MiB beyond the first, milliseconds: measured, up to 1,000 on a machine that is busy with other work. */
const perMebibyteMs = 1_000;

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

/** Bytes that the heap of a thread is made for: of a plain recording its own, of a gzipped one the most it may have. */
function sizeOf(recording: Uint8Array, maxRecordingBytes: number): number {
  return recording[0] === 0x1f && recording[1] === 0x8b ? maxRecordingBytes : recording.length;
}

/**
 * Analysis in a few threads, one task at a time in each: what exceeds its time or memory ends with its thread and takes
 * no other recording along. Masking takes milliseconds, and until it is done our files stay in the target, so it never
 * waits for an analysis. Threads end when nothing is left to do.
 * @param maxRecordingBytes bound on an unpacked recording
 */
export function analysisThreads(maxRecordingBytes: number, { worker, timeoutMs } = options): Analysis {
  const masks = new PQueue({ concurrency: 1 });
  const analyses = new PQueue({ concurrency: analysesAtOnce });
  const idle: { thread: Thread; heap: number; expiry: NodeJS.Timeout }[] = [];

  function rest(thread: Thread, heap: number): void {
    const resting = {
      thread,
      heap,
      expiry: setTimeout(() => {
        idle.splice(idle.indexOf(resting), 1);
        void thread[Symbol.asyncDispose]();
      }, idleMs).unref(),
    };
    idle.push(resting);
  }

  function rested(heap: number): Thread | undefined {
    const at = idle.findLastIndex((one) => one.heap === heap);
    const [resting] = at < 0 ? [] : idle.splice(at, 1);
    if (resting === undefined) return undefined;
    clearTimeout(resting.expiry);
    return resting.thread.usable ? resting.thread : rested(heap);
  }

  const newThread = (heap: number): Thread => new BoundedThread(worker, heap / mebibyte);

  async function work(
    task: ThreadTask,
    transfer: readonly ArrayBuffer[],
    bytes: number,
    stop: AbortSignal | null,
  ): Promise<Uint8Array | AnalysisResult> {
    stop?.throwIfAborted();
    const heap = heapFor(bytes);
    const thread = rested(heap) ?? newThread(heap);
    const end = (): void => void thread[Symbol.asyncDispose]();
    stop?.addEventListener('abort', end, { once: true });
    try {
      return await thread.ask(task, timeoutMs + Math.floor(bytes / mebibyte) * perMebibyteMs, transfer);
    } finally {
      stop?.removeEventListener('abort', end);
      if (thread.usable) rest(thread, heap);
    }
  }

  return {
    prepare: () => {
      if (idle.length === 0 && masks.pending === 0) rest(newThread(heapFor(0)), heapFor(0));
    },
    mask: async (recording) => {
      const transfer = ownMemory(recording);
      const masked = await masks.add(() => work({ kind: 'mask', recording }, transfer, 0, null));
      if (!(masked instanceof Uint8Array)) throw new TypeError('the thread answered another task');
      return bufferOf(masked);
    },
    analyse: async (input, signal) => {
      const task = { kind: 'analyse', input, maxRecordingBytes } as const;
      const bytes = sizeOf(input.recording, maxRecordingBytes);
      const result = await analyses.add(() => work(task, [], bytes, signal));
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
