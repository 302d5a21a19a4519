import { parentPort } from 'node:worker_threads';
import { maskSecrets } from '../../jfr/mask-arguments.ts';
import { asFailure } from '../../reasons/failure.ts';
import { ownMemory } from './bounded-thread.ts';
import type { TaskAnswer } from './one-task.ts';

/** A recording, masked in place: the same memory comes back. */
function mask({ buffer, byteOffset, byteLength }: Uint8Array): TaskAnswer<Uint8Array> {
  const recording = Buffer.from(buffer, byteOffset, byteLength);
  try {
    maskSecrets(recording);
    return { result: recording };
  } catch (error) {
    const { code, detail } = asFailure(error);
    return { code, detail };
  }
}

parentPort?.on('message', (recording: Uint8Array) => {
  const answered = mask(recording);
  parentPort?.postMessage(answered, 'result' in answered ? ownMemory(answered.result) : []);
});
