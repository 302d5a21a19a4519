/**
 * Wait before the next attempt, milliseconds: doubles from `firstMs`, at most five minutes, so that 300 attempts
 * of an annotation last about a day and a short outage costs seconds.
 */
export function backoffMs(attempt: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(attempt, 20), 5 * 60_000);
}

/**
 * Between half of the wait and all of it, by a `random` number from 0 to 1: what failed at the same moment is not tried
 * again at the same moment. Whole milliseconds.
 */
export function withJitter(waitMs: number, random: number): number {
  return Math.round(waitMs * (0.5 + random / 2));
}
