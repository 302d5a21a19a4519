/**
 * A slot of the limits is taken until the session in the JVM has ended, whatever became of its capture: the agent in
 * the JVM records on when flamepin is gone, and two sessions at once are what the limits are there to prevent.
 */

/** From the intent to start to a session that runs, at most: an ephemeral container comes up, then start.sh runs. */
const startMs = 65_000;
/** The agent ends its session by its own timeout; on a busy machine this much later. */
const lateMs = 10_000;

/** When a session has ended at the latest whose start is being sent, milliseconds since the epoch. */
export function slotOfStart({ durationSeconds }: { durationSeconds: number }, now: number): number {
  return now + startMs + durationSeconds * 1000 + lateMs;
}

/** The same for a session that is known to run. */
export function slotOfSession({ durationSeconds }: { durationSeconds: number }, now: number): number {
  return now + durationSeconds * 1000 + lateMs;
}
