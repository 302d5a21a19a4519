/**
 * Wait before the next attempt, milliseconds: doubles from `firstMs` up to five minutes. A short outage costs seconds,
 * and the 300 attempts of a mark last about a day.
 */
export function backoffMs(attempt: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(attempt, 20), 5 * 60_000);
}

/**
 * Between half of the wait and all of it, whole milliseconds; `random` is from 0 to 1. What failed together is not
 * retried together.
 */
export function withJitter(waitMs: number, random: number): number {
  return Math.round(waitMs * (0.5 + random / 2));
}
