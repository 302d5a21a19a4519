/**
 * Wait before the next attempt, milliseconds: doubles from `firstMs`, at most five minutes, so that 300 attempts
 * of an annotation last about a day and a short outage costs seconds. No jitter: one process does the asking.
 */
export function backoffMs(attempt: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(attempt, 20), 5 * 60_000);
}
