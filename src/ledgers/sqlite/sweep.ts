import { z } from 'zod';
import type { Capture } from '../../captures/capture.ts';
import { maxCutOffs } from '../../captures/ledger.ts';
import type { Reason } from '../../reasons/failure.ts';
import { isoTime, lateReason } from '../capture-change.ts';
import { captureAndFlaw, endCapture, readCapture, saveCapture, storedSchema } from './capture-rows.ts';
import { boundTimes, maxDelayMs } from './clock.ts';
import type { Database } from './database.ts';
import { makeDue } from './deliveries.ts';
import { giveUpOldest } from './spool.ts';
import { asQueued } from './work.ts';

/** What ends or frees captures that no worker will: each second, and when the file is opened. */

const idSchema = z.object({ id: z.string() });

/** Rows per sweep: 500 skips take about 40 ms, during which nothing else is served. The next second's sweep continues. */
const sweepLimit = 500;

export function sweep(database: Database, now: number): { ended: Capture[]; freed: string[] } {
  boundTimes(database, now);
  const ended = [...skipLate(database, now), ...giveUpCutOff(database, now), ...giveUpOldest(database, now)];
  const freed = database.all(
    idSchema,
    `UPDATE captures SET lease_owner = NULL, lease_until = 0, attempts = attempts + 1, cut_offs = cut_offs + 1,
       data = ${asQueued}
     WHERE unfinished = 1 AND lease_owner IS NOT NULL AND lease_until <= ? AND json_valid(data) RETURNING id`,
    now,
  );
  return { ended, freed: freed.map(({ id }) => id) };
}

function skipLate(database: Database, now: number): Capture[] {
  const late = database.all(
    z.object({ id: z.string(), deadline_at: z.number() }),
    `SELECT id, deadline_at FROM captures
     WHERE unfinished = 1 AND state IN ('queued', 'resolving') AND deadline_at <= ? AND lease_until <= ?
     ORDER BY seq LIMIT ?`,
    now,
    now,
    sweepLimit,
  );
  const skipped: Capture[] = [];
  for (const { id, deadline_at: deadlineAt } of late) {
    const capture = readCapture(database, id);
    if (capture === undefined) continue;
    const last =
      capture.reason === null
        ? ''
        : ` Before that: ${capture.reason.code} ${capture.reason.detail}`.trimEnd();
    const { code, detail } = lateReason(capture, deadlineAt);
    const ended: Capture = { ...capture, state: 'skipped', reason: { code, detail: detail + last } };
    endCapture(database, makeDue(database, ended, 'finish', now));
    skipped.push(ended);
  }
  return skipped;
}

/** Ends what was cut off too often. A recording is never dropped for that: it is set aside, and stored later. */
function giveUpCutOff(database: Database, now: number): Capture[] {
  const cutOff = database.all(
    storedSchema.extend({ spooled: z.number() }),
    `SELECT id, data, state = 'storing' AND EXISTS (SELECT 1 FROM spool WHERE capture_id = captures.id) AS spooled
     FROM captures WHERE unfinished = 1 AND cut_offs >= ? AND lease_until <= ? LIMIT ?`,
    maxCutOffs,
    now,
    sweepLimit,
  );
  const givenUp: Capture[] = [];
  for (const row of cutOff) {
    const { capture, flaw } = captureAndFlaw(row);
    if (row.spooled === 1 && flaw === null) {
      setAside(database, capture, now);
      continue;
    }
    const reason: Reason = { code: 'capture-given-up', detail: `${maxCutOffs} times` };
    const ended = makeDue(database, { ...capture, state: 'failed', reason }, 'finish', now);
    endCapture(database, ended);
    givenUp.push(ended);
  }
  return givenUp;
}

/** One more cut-off sets it aside again, so what ends this process each time leaves it ten minutes in between. */
function setAside(database: Database, capture: Capture, now: number): void {
  const dueAt = now + maxDelayMs;
  const { since, tries } = capture.storeRetry ?? { since: isoTime(now), tries: 0 };
  saveCapture(database, {
    ...capture,
    reason: { code: 'storing-cut-off', detail: '' },
    storeRetry: { since, tries: tries + 1, nextTryAt: isoTime(dueAt) },
  });
  database.run(
    `UPDATE captures SET cut_offs = ?, due_at = ?, lease_owner = NULL, lease_until = 0 WHERE id = ?`,
    maxCutOffs - 1,
    dueAt,
    capture.id,
  );
}

/**
 * Replaces records that are not JSON with minimal ones: SQLite derives columns from the JSON and rejects every update of
 * such a row. The worker then ends them as unreadable. Final ones need no change.
 */
export function repairRecords(database: Database): void {
  database.run(
    `UPDATE captures
     SET data = json_object('state', state, 'request', json_object('purpose', purpose), 'artifacts', json_array())
     WHERE unfinished = 1 AND NOT json_valid(data)`,
  );
}

/** Frees the leases of the previous process: this one holds the file exclusively. */
export function freeAllLeases(database: Database): void {
  // The store, or the network to it, may have been fixed before this start. What was set aside may have caused it.
  database.run(
    `UPDATE captures SET due_at = 0 WHERE unfinished = 1 AND state = 'storing' AND cut_offs < ?`,
    maxCutOffs - 1,
  );
  database.run(`UPDATE captures SET data = ${asQueued} WHERE unfinished = 1 AND state = 'resolving'`);
  for (const table of ['captures', 'deliveries'])
    database.run(
      `UPDATE ${table} SET lease_owner = NULL, lease_until = 0, attempts = attempts + 1, cut_offs = cut_offs + 1
       WHERE lease_owner IS NOT NULL`,
    );
}
