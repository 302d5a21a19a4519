import type { Exec } from '../profiler/exec.ts';
import type { Session } from '../profiler/session.ts';

/** What the worker needs of the profiler; src/profiler implements it with async-profiler. */
export interface Profiling {
  /**
   * Checks the target, touching nothing, then starts one bounded window. Rejects with a Failure: the preflight
   * codes when nothing was touched, `profiler-failed`, `profiler-conflict`, or what the exec rejects with.
   */
  start(
    exec: Exec,
    request: { captureId: string; durationSeconds: number; process: string | null; pid: number | null },
    signal: AbortSignal,
  ): Promise<{ session: Session; firstSampleAt: string | null }>;
  /** Fetches the recording once the agent has ended it, size and SHA-256 checked; it stays in the target until cleanUp. */
  collect(
    exec: Exec,
    session: Session,
    options: { maxBytes: number },
    signal: AbortSignal,
  ): Promise<{
    recording: Buffer;
    partial: boolean;
    /** The session is known to have ended, by its timeout or with its process. */
    ended: boolean;
    cpuStat: Session['cpuStat'];
    windowEndedAt: string | null;
  }>;
  /** Stops our own session where it still runs and removes our files. `left`: what could not be removed. */
  cleanUp(exec: Exec, session: Session, signal: AbortSignal): Promise<{ left: string[] }>;
  /**
   * The same when flamepin died before it learned of the session: by the capture's id; the agent ends by itself.
   * `process`: the JVM that was to be profiled, where it is known, so that its unpacked profiler goes too.
   */
  cleanUpUnknown(
    exec: Exec,
    captureId: string,
    signal: AbortSignal,
    process?: { pid: number; startTicks: string },
  ): Promise<{ left: string[] }>;
}
