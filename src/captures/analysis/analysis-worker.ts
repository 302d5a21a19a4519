import { parentPort } from 'node:worker_threads';
import { maskSecrets } from '../../jfr/mask-arguments.ts';
import { asFailure } from '../../reasons/failure.ts';
import type { AnalysisInput } from './analysis.ts';
import { ownMemory, type ThreadAnswer } from './bounded-thread.ts';
import { makeArtifacts } from './make-artifacts.ts';
import type { MadeArtifact } from '../../artifacts/artifact.ts';
import type { Answer } from '../../profile/answer/answer.ts';

export type ThreadTask =
  | { kind: 'mask'; recording: Uint8Array }
  | { kind: 'analyse'; input: AnalysisInput; maxRecordingBytes: number };

export interface AnalysisResult {
  answer: Answer;
  partial: boolean;
  artifacts: MadeArtifact[];
}

async function work(task: ThreadTask): Promise<Uint8Array | AnalysisResult> {
  switch (task.kind) {
    case 'mask': {
      const { buffer, byteOffset, byteLength } = task.recording;
      const recording = Buffer.from(buffer, byteOffset, byteLength);
      maskSecrets(recording);
      return recording;
    }
    case 'analyse':
      return makeArtifacts(task.input, task.maxRecordingBytes);
  }
}

async function answer(task: ThreadTask): Promise<ThreadAnswer<Uint8Array | AnalysisResult>> {
  try {
    return { result: await work(task) };
  } catch (error) {
    const { code, detail } = asFailure(error);
    return { code, detail };
  }
}

/** Buffers of the answer that can be transferred instead of copied. */
function transferable(answered: ThreadAnswer<Uint8Array | AnalysisResult>): ArrayBuffer[] {
  if (!('result' in answered)) return [];
  const { result } = answered;
  const made = result instanceof Uint8Array ? [result] : result.artifacts.map(({ body }) => body);
  return [...new Set(made.flatMap(ownMemory))];
}

parentPort?.on('message', (task: ThreadTask) => {
  void answer(task).then((answered) => parentPort?.postMessage(answered, transferable(answered)));
});
