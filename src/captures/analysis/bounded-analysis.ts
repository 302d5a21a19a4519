import PQueue from 'p-queue';
import type { Analysis } from './analysis.ts';
import type { AnalysisResult, AnalysisTask } from './analysis-worker.ts';
import { BoundedProcess } from './bounded-process.ts';
import { BoundedThread, ownMemory } from './bounded-thread.ts';
import { heapFor } from './recording-memory.ts';

/** Each process takes 70 MB to load, and more while it reads: recording-memory.ts. */
const maxAnalyses = 2;
/** How long an idle thread or process waits for the next recording, milliseconds; longer than `prepare` runs ahead of its first. */
const idleMs = 5_000;
const mebibyte = 1024 ** 2;
/** Added per MiB of recording, milliseconds. Measured: up to 1,000 on a busy machine. */
const perMebibyteMs = 1_000;

interface Options {
  /** Each without its file extension. */
  maskWorker: URL;
  analysisWorker: URL;
  /** Milliseconds from the start of the task. */
  timeoutMs: number;
}

const options: Options = {
  maskWorker: new URL('mask-worker', import.meta.url),
  analysisWorker: new URL('analysis-worker', import.meta.url),
  /** A hundred times what a 60 s recording takes on an idle machine. */
  timeoutMs: 30_000,
};

type Masker = BoundedThread<Uint8Array, Uint8Array>;
type Reader = BoundedProcess<AnalysisTask, AnalysisResult>;

/** The recording size that a heap must allow for, bytes: its own, or the maximum when it is still gzipped. */
function heapSizingBytes(recording: Uint8Array, maxRecordingBytes: number): number {
  return recording[0] === 0x1f && recording[1] === 0x8b ? maxRecordingBytes : recording.length;
}

/** What has ended its task waits here for the next one, and ends when none comes. */
class Idle<Kind extends AsyncDisposable & { usable: boolean }> {
  readonly #parked: { one: Kind; expiry: NodeJS.Timeout }[] = [];

  get empty(): boolean {
    return this.#parked.length === 0;
  }

  park(one: Kind): void {
    const parked = {
      one,
      expiry: setTimeout(() => {
        this.#parked.splice(this.#parked.indexOf(parked), 1);
        void one[Symbol.asyncDispose]();
      }, idleMs).unref(),
    };
    this.#parked.push(parked);
  }

  take(): Kind | undefined {
    const parked = this.#parked.pop();
    if (parked === undefined) return undefined;
    clearTimeout(parked.expiry);
    return parked.one.usable ? parked.one : this.take();
  }
}

/**
 * Masking in a thread, which takes milliseconds and is bounded where it is written; our files stay in the target until it is
 * done, so it never waits behind an analysis. Analysis in a few processes, one task at a time in each: a task that exceeds its
 * time or memory takes down only its own process. Both end when they are idle.
 * @param maxRecordingBytes bound on an unpacked recording
 */
export function boundedAnalysis(
  maxRecordingBytes: number,
  { maskWorker, analysisWorker, timeoutMs } = options,
): Analysis {
  const masks = new PQueue({ concurrency: 1 });
  const analyses = new PQueue({ concurrency: maxAnalyses });
  const maskers = new Idle<Masker>();
  const readers = new Idle<Reader>();
  const smallest = heapFor(0);
  const newMasker = (): Masker => new BoundedThread(maskWorker, smallest / mebibyte);
  const newReader = (heap: number): Reader => new BoundedProcess(analysisWorker, heap / mebibyte);

  async function mask(recording: Buffer): Promise<Uint8Array> {
    const masker = maskers.take() ?? newMasker();
    try {
      return await masker.ask(recording, timeoutMs, ownMemory(recording));
    } finally {
      if (masker.usable) maskers.park(masker);
    }
  }

  async function analyse(
    recording: Buffer,
    input: AnalysisTask['input'],
    signal: AbortSignal,
  ): Promise<AnalysisResult> {
    signal.throwIfAborted();
    const bytes = heapSizingBytes(recording, maxRecordingBytes);
    const heap = heapFor(bytes);
    const reader = (heap === smallest ? readers.take() : undefined) ?? newReader(heap);
    const end = (): void => void reader[Symbol.asyncDispose]();
    signal.addEventListener('abort', end, { once: true });
    try {
      const allowedMs = timeoutMs + Math.floor(bytes / mebibyte) * perMebibyteMs;
      return await reader.ask({ input, maxRecordingBytes }, allowedMs, recording);
    } finally {
      signal.removeEventListener('abort', end);
      // What has read a large one keeps its memory until it ends.
      if (reader.usable && heap === smallest) readers.park(reader);
      else end();
    }
  }

  return {
    prepare: () => {
      if (maskers.empty && masks.pending === 0) maskers.park(newMasker());
      if (readers.empty && analyses.pending === 0) readers.park(newReader(smallest));
    },
    mask: async (recording) => bufferOf(await masks.add(() => mask(recording))),
    analyse: async ({ recording, ...input }, signal) => {
      const result = await analyses.add(() => analyse(recording, input, signal));
      const artifacts = result.artifacts.map((made) => ({ ...made, body: bufferOf(made.body) }));
      return { ...result, artifacts };
    },
  };
}

/** The same bytes as a Buffer: between threads and processes a Buffer arrives as a plain Uint8Array. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
