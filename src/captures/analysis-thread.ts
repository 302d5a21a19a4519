import type { Analysis } from './analysis.ts';
import type { AnalysisResult, ThreadTask } from './analysis-worker.ts';
import { BoundedThread } from './bounded-thread.ts';

/** A hundred times what a 60 s recording takes on an idle machine. */
const timeoutMs = 30_000;
const worker = new URL('analysis-worker', import.meta.url);

/**
 * Analysis in threads of their own, one per recording.
 * @param recordingBytes bound on an unpacked recording
 */
export function analysisThread(recordingBytes: number): Analysis {
  return {
    open: () => {
      const thread = new BoundedThread<ThreadTask, Uint8Array | AnalysisResult>(worker);
      return {
        mask: async (recording) => {
          const masked = await thread.ask({ kind: 'mask', recording }, timeoutMs);
          if (!(masked instanceof Uint8Array)) throw new TypeError('the thread answered another task');
          return Buffer.from(masked.buffer, masked.byteOffset, masked.byteLength);
        },
        analyse: async (input) => {
          const result = await thread.ask({ kind: 'analyse', input, recordingBytes }, timeoutMs);
          if (result instanceof Uint8Array) throw new TypeError('the thread answered another task');
          const artifacts = result.artifacts.map((made) => ({ ...made, body: Buffer.from(made.body) }));
          return { ...result, artifacts };
        },
        [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
      };
    },
  };
}
