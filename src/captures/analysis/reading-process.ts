import { readSync, writeFileSync } from 'node:fs';
import { asFailure } from '../../reasons/failure.ts';
import type { ProcessTask } from './bounded-process.ts';
import { BoundedThread, ownMemory } from './bounded-thread.ts';
import type { TaskAnswer } from './one-task.ts';

/** What BoundedProcess starts: the thread does the work, so that this one can end both when flamepin has ended. */
const [worker = '', heapMiB] = process.argv.slice(2);
const newThread = (): BoundedThread<object, unknown> => new BoundedThread(new URL(worker), Number(heapMiB));
let thread = newThread();

/** When memory runs out the kernel ends this process first, and flamepin goes on. */
function offerToTheKernel(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not Linux, or no /proc: then the kernel chooses as it does without us.
  }
}

/** The next so many bytes of standard input; flamepin writes them at once, and the pipe ends when it does. */
function receive(bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  for (let at = 0; at < bytes;) {
    const read = readSync(0, whole, at, bytes - at, null);
    if (read === 0) process.exit(1);
    at += read;
  }
  return whole;
}

async function answer(asked: ProcessTask<object>): Promise<TaskAnswer<unknown>> {
  try {
    const recording = receive(asked.recordingBytes);
    const task = asked.recordingBytes > 0 ? { ...asked.task, recording } : asked.task;
    return { result: await thread.ask(task, asked.timeoutMs, ownMemory(recording)) };
  } catch (error) {
    if (!thread.usable) thread = newThread();
    const { code, detail } = asFailure(error);
    return { code, detail };
  }
}

offerToTheKernel();
process.on('disconnect', () => process.exit());
process.on('message', (asked: ProcessTask<object>) => {
  void answer(asked).then((answered) => process.send?.(answered));
});
