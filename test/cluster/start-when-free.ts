import { setTimeout as sleep } from 'node:timers/promises';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Profiler } from '../../src/profiler/profiler.ts';
import { Failure } from '../../src/reasons/failure.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import type { Session } from '../../src/profiler/session.ts';

/** A session of a second or two that began late on a loaded machine ends late, too. */
const patienceMilliseconds = 60_000;

/** Starts a session as soon as the JVM has none of which nobody knows any more; that one ends by itself. */
export async function startWhenFree(
  profiler: Profiler,
  exec: Exec,
  durationSeconds: number,
  signal: AbortSignal,
): Promise<Session> {
  const deadline = performance.now() + patienceMilliseconds;
  for (;;)
    try {
      const request = { captureId: captureId(Date.now()), durationSeconds, process: null, pid: null };
      return (await profiler.start(exec, request, signal)).session;
    } catch (error) {
      const busy = error instanceof Failure && ['profiler-conflict', 'foreign-profiler'].includes(error.code);
      if (!busy || performance.now() > deadline) throw error;
      await sleep(500);
    }
}
