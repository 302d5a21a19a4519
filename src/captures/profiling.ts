import type { Exec } from '../profiler/exec.ts';
import type { Session } from '../profiler/session.ts';

/** What the worker needs from a profiler; src/profiler implements it with async-profiler. */
export interface Profiling {
  /**
   * Checks the target without touching it, then starts one bounded window. Rejects with a Failure: a preflight code when
   * nothing was touched, `profiler-failed`, `profiler-conflict`, or what the exec rejects with.
   */
  start(
    exec: Exec,
    request: { captureId: string; durationSeconds: number; process: string | null; pid: number | null },
    signal: AbortSignal,
  ): Promise<{ session: Session; firstSampleAt: string | null }>;
  /** Ends the session before its window is over; the recording stays, to be collected. */
  end(exec: Exec, session: Session, signal: AbortSignal): Promise<void>;
  /** Waits until the agent has ended the session. Resolves to the size of its recording, bytes. */
  waitForEnd(exec: Exec, session: Session, signal: AbortSignal): Promise<number>;
  /** Fetches the recording, size and SHA-256 checked; it stays in the target until cleanUp. `wait: false`: the end was waited for. */
  collect(
    exec: Exec,
    session: Session,
    options: { maxBytes: number; wait: boolean },
    signal: AbortSignal,
  ): Promise<{
    recording: Buffer;
    partial: boolean;
    /** The session is known to have ended, by its timeout or with its process. */
    ended: boolean;
    cpuStat: Session['cpuStat'];
    windowEndedAt: string | null;
  }>;
  /** Stops our session if it still runs and removes our files. `left`: what could not be removed. */
  cleanUp(exec: Exec, session: Session, signal: AbortSignal): Promise<{ left: string[] }>;
  /**
   * The same when flamepin died before it knew the session: by the capture's id. The agent ends by itself. `process`: the
   * JVM, where known, so that its unpacked profiler is removed too.
   */
  cleanUpUnknown(
    exec: Exec,
    captureId: string,
    signal: AbortSignal,
    process?: { pid: number; startTicks: string },
  ): Promise<{ left: string[] }>;
}
