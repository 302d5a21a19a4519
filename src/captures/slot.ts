import { longestStartMs } from '../profiler/bounds.ts';

/**
 * A slot in the limits is held until the session in the JVM has ended, whatever became of its capture: the agent keeps
 * recording when flamepin is gone, and the limits are there to prevent too many sessions at once.
 */

/** From the intent to start to a running session, at most. Milliseconds. */
const startMs = longestStartMs;
/** The agent ends its session by its own timeout; on a busy machine up to this much later. Milliseconds. */
const lateMs = 10_000;

/** The latest end of a session whose start is being sent, milliseconds since the epoch. */
export function slotOfStart({ durationSeconds }: { durationSeconds: number }, now: number): number {
  return now + startMs + durationSeconds * 1000 + lateMs;
}

/** The same for a session that is known to be running. */
export function slotOfSession({ durationSeconds }: { durationSeconds: number }, now: number): number {
  return now + durationSeconds * 1000 + lateMs;
}
