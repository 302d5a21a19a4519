import type { Analysis, AnalysisInput } from './analysis.ts';
import { inThread } from './bounded-thread.ts';
import type { AnalysisResult, ThreadTask } from './analysis-worker.ts';

/** A hundred times what a 60 s recording takes on an idle machine. */
const timeoutMs = 30_000;
const worker = new URL('analysis-worker', import.meta.url);

/**
 * Analysis in threads of their own, one per task.
 * @param recordingBytes bound on an unpacked recording
 */
export function analysisThread(recordingBytes: number): Analysis {
  return {
    mask: async (recording) => {
      const task: ThreadTask = { kind: 'mask', recording };
      return Buffer.from(await inThread<ThreadTask, Uint8Array>(worker, task, timeoutMs));
    },
    analyse: async (input: AnalysisInput) => {
      const task: ThreadTask = { kind: 'analyse', input, recordingBytes };
      const result = await inThread<ThreadTask, AnalysisResult>(worker, task, timeoutMs);
      return {
        ...result,
        artifacts: result.artifacts.map((made) => ({ ...made, body: Buffer.from(made.body) })),
      };
    },
  };
}
