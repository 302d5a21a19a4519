import PQueue from 'p-queue';
import type { Analysis } from './analysis.ts';
import type { AnalysisResult, ThreadTask } from './analysis-worker.ts';
import { BoundedThread, ownMemory } from './bounded-thread.ts';
import { heapFor } from './recording-memory.ts';

/** Each thread takes 25 MB to load and up to 100 MB while it reads a 60 s recording. Larger ones: recording-memory.ts. */
const maxAnalyses = 2;
/** How long an idle thread waits for the next recording, milliseconds; longer than `prepare` runs ahead of its first. */
const idleMs = 5_000;
const mebibyte = 1024 ** 2;
/** Added per MiB of recording, milliseconds. Measured: up to 1,000 on a busy machine. */
const perMebibyteMs = 1_000;

interface ThreadOptions {
  /** Without its file extension. */
  worker: URL;
  /** Milliseconds from the start of the task. */
  timeoutMs: number;
}

const options: ThreadOptions = {
  worker: new URL('analysis-worker', import.meta.url),
  /** A hundred times what a 60 s recording takes on an idle machine. */
  timeoutMs: 30_000,
};

type Thread = BoundedThread<ThreadTask, Uint8Array | AnalysisResult>;

/** The recording size that a thread's heap must allow for, bytes: its own, or the maximum when it is still gzipped. */
function heapSizingBytes(recording: Uint8Array, maxRecordingBytes: number): number {
  return recording[0] === 0x1f && recording[1] === 0x8b ? maxRecordingBytes : recording.length;
}

/**
 * Analysis in a few threads, one task at a time in each: a task that exceeds its time or memory takes down only its own
 * thread. Masking takes milliseconds and our files stay in the target until it is done, so it never waits behind an
 * analysis. Idle threads end.
 * @param maxRecordingBytes bound on an unpacked recording
 */
export function analysisThreads(maxRecordingBytes: number, { worker, timeoutMs } = options): Analysis {
  const masks = new PQueue({ concurrency: 1 });
  const analyses = new PQueue({ concurrency: maxAnalyses });
  const idle: { thread: Thread; heap: number; expiry: NodeJS.Timeout }[] = [];

  function park(thread: Thread, heap: number): void {
    const parked = {
      thread,
      heap,
      expiry: setTimeout(() => {
        idle.splice(idle.indexOf(parked), 1);
        void thread[Symbol.asyncDispose]();
      }, idleMs).unref(),
    };
    idle.push(parked);
  }

  function takeIdle(heap: number): Thread | undefined {
    const at = idle.findLastIndex((one) => one.heap === heap);
    const [parked] = at < 0 ? [] : idle.splice(at, 1);
    if (parked === undefined) return undefined;
    clearTimeout(parked.expiry);
    return parked.thread.usable ? parked.thread : takeIdle(heap);
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
    const thread = takeIdle(heap) ?? newThread(heap);
    const end = (): void => void thread[Symbol.asyncDispose]();
    stop?.addEventListener('abort', end, { once: true });
    try {
      return await thread.ask(task, timeoutMs + Math.floor(bytes / mebibyte) * perMebibyteMs, transfer);
    } finally {
      stop?.removeEventListener('abort', end);
      if (thread.usable) park(thread, heap);
    }
  }

  return {
    prepare: () => {
      if (idle.length === 0 && masks.pending === 0) park(newThread(heapFor(0)), heapFor(0));
    },
    mask: async (recording) => {
      const transfer = ownMemory(recording);
      const masked = await masks.add(() => work({ kind: 'mask', recording }, transfer, 0, null));
      if (!(masked instanceof Uint8Array)) throw new TypeError('the thread answered another task');
      return bufferOf(masked);
    },
    analyse: async (input, signal) => {
      const task = { kind: 'analyse', input, maxRecordingBytes } as const;
      const bytes = heapSizingBytes(input.recording, maxRecordingBytes);
      const result = await analyses.add(() => work(task, [], bytes, signal));
      if (result instanceof Uint8Array) throw new TypeError('the thread answered another task');
      const artifacts = result.artifacts.map((made) => ({ ...made, body: bufferOf(made.body) }));
      return { ...result, artifacts };
    },
  };
}

/** The same bytes as a Buffer: between threads a Buffer arrives as a plain Uint8Array. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
