import { maxCooldownMs } from '../../captures/cooldown.ts';
import { slotOfStart } from '../../captures/slot.ts';
import type { Database } from './database.ts';

/** Times in the ledger when the machine's clock is set, while flamepin runs or between two runs. */

/**
 * The longest wait for a retry, milliseconds: after a cut-off store; backoff.ts waits up to five minutes. A later time was
 * written by another clock.
 */
export const maxDelayMs = 10 * 60_000;
/** A row from further in the future than this, milliseconds, was written by another clock. */
const toleranceMs = 60_000;
const longestWindow = { durationSeconds: 60 };

/** Moves pending times: leases, deadlines, slots, cooldowns and retries last as long as they would have. */
export function shiftTimes(database: Database, step: number, now: number): void {
  database.run(
    `UPDATE captures SET created_at = created_at + ?, due_at = due_at + ?, deadline_at = deadline_at + ?,
       lease_until = CASE WHEN lease_owner IS NULL THEN 0 ELSE lease_until + ? END
     WHERE unfinished = 1 AND json_valid(data)`,
    step,
    step,
    step,
    step,
  );
  database.run('UPDATE captures SET slot_until = slot_until + ? WHERE slot_until > ?', step, now);
  database.run(
    `UPDATE captures SET cooldown_from = cooldown_from + ?, admitted_at = admitted_at + ?
     WHERE coalesce(admitted_at, cooldown_from) > ? AND json_valid(data)`,
    step,
    step,
    now - maxCooldownMs,
  );
  database.run(
    `UPDATE deliveries SET due_at = due_at + ?,
       lease_until = CASE WHEN lease_owner IS NULL THEN 0 ELSE lease_until + ? END
     WHERE due_at IS NOT NULL`,
    step,
    step,
  );
}

/**
 * Corrects what an earlier process wrote by a clock that was ahead, so that no row waits longer than was intended. Leases
 * need no correction: none outlives its process.
 */
export function boundTimes(database: Database, now: number): void {
  database.run(
    `UPDATE captures SET deadline_at = ? + (deadline_at - created_at), created_at = ?
     WHERE unfinished = 1 AND created_at > ? AND json_valid(data)`,
    now,
    now,
    now + toleranceMs,
  );
  database.run(
    'UPDATE captures SET due_at = ? WHERE unfinished = 1 AND due_at > ? AND json_valid(data)',
    now,
    now + maxDelayMs,
  );
  database.run('UPDATE deliveries SET due_at = ? WHERE due_at > ?', now, now + maxDelayMs);
  const latestSlot = slotOfStart(longestWindow, now);
  database.run('UPDATE captures SET slot_until = ? WHERE slot_until > ?', latestSlot, latestSlot);
}

/**
 * The same for cooldowns, which began then, at the latest now. Once after the file was opened: it reads every row, and
 * while flamepin runs `shiftTimes` moves them.
 */
export function boundCooldowns(database: Database, now: number): void {
  database.run(
    `UPDATE captures SET cooldown_from = min(cooldown_from, ?), admitted_at = min(admitted_at, ?)
     WHERE max(coalesce(cooldown_from, 0), coalesce(admitted_at, 0)) > ? AND json_valid(data)`,
    now,
    now,
    now + toleranceMs,
  );
}
