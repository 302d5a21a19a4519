import { parentPort } from 'node:worker_threads';
import type { MadeArtifact } from '../../artifacts/artifact.ts';
import type { Answer } from '../../profile/answer/answer.ts';
import { asFailure } from '../../reasons/failure.ts';
import type { AnalysisInput } from './analysis.ts';
import { ownMemory } from './bounded-thread.ts';
import type { TaskAnswer } from './one-task.ts';
import { makeArtifacts } from './make-artifacts.ts';

export interface AnalysisTask {
  input: Omit<AnalysisInput, 'recording'>;
  maxRecordingBytes: number;
}

export interface AnalysisResult {
  answer: Answer;
  partial: boolean;
  artifacts: MadeArtifact[];
}

type TaskWithRecording = AnalysisTask & { recording?: Uint8Array };

async function answer({
  input,
  recording = new Uint8Array(),
  maxRecordingBytes,
}: TaskWithRecording): Promise<TaskAnswer<AnalysisResult>> {
  try {
    const { buffer, byteOffset, byteLength } = recording;
    const whole = { ...input, recording: Buffer.from(buffer, byteOffset, byteLength) };
    return { result: await makeArtifacts(whole, maxRecordingBytes) };
  } catch (error) {
    const { code, detail } = asFailure(error);
    return { code, detail };
  }
}

/** Buffers of the answer that can be transferred instead of copied. */
function transferable(answered: TaskAnswer<AnalysisResult>): ArrayBuffer[] {
  if (!('result' in answered)) return [];
  return [...new Set(answered.result.artifacts.flatMap(({ body }) => ownMemory(body)))];
}

parentPort?.on('message', (task: TaskWithRecording) => {
  void answer(task).then((answered) => parentPort?.postMessage(answered, transferable(answered)));
});
