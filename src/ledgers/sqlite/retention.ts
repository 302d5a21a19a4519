import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { compactCapture } from '../capture-change.ts';
import { captureOf, readCapture, saveCapture, storedSchema } from './capture-rows.ts';
import type { Database } from './database.ts';

/** Expiry of rows, so that the ledger does not grow forever. */

/** The page of an expired capture is kept this much longer, milliseconds, for links in old incident notes. */
const pageKeptMs = 365 * 24 * 3_600_000;

/**
 * Rows per transaction. Each takes some 20 ms, during which nothing else is served, and adds at most a few megabytes to
 * the log, which fits even when the database is full.
 */
const batch = 250;

/** Works in batches until nothing is left. Resolves to how many captures were compacted or deleted and alerts deleted. */
export async function expire(
  database: Database,
  before: { captures: number; alerts: number },
): Promise<number> {
  let total = 0;
  for (;;) {
    const expired = await database.transaction(() => expireBatch(database, before));
    if (expired === 0) return total;
    total += expired;
    await yieldToOthers();
  }
}

function expireBatch(database: Database, before: { captures: number; alerts: number }): number {
  const old = database.all(
    storedSchema,
    `SELECT id, data FROM captures WHERE unfinished = 0 AND compacted = 0 AND created_at < ? AND artifacts = 0
     ORDER BY created_at LIMIT ?`,
    before.captures,
    batch,
  );
  for (const row of old) {
    saveCapture(database, compactCapture(captureOf(row)));
    database.run('UPDATE captures SET compacted = 1 WHERE id = ?', row.id);
    database.run('DELETE FROM deliveries WHERE capture_id = ?', row.id);
  }
  const forgotten = database.run(
    `DELETE FROM captures WHERE seq IN (
       SELECT seq FROM captures WHERE unfinished = 0 AND compacted = 1 AND created_at < ? LIMIT ?)`,
    before.captures - pageKeptMs,
    batch,
  );
  const alerts = database.run(
    `DELETE FROM alerts WHERE rowid IN (
       SELECT alerts.rowid FROM alerts LEFT JOIN captures ON captures.id = alerts.capture_id
       WHERE alerts.seen_at < ? AND coalesce(captures.unfinished, 0) = 0 LIMIT ?)`,
    before.alerts,
    batch,
  );
  database.run('DELETE FROM cron_runs WHERE fire_time < ?', before.alerts);
  return old.length + forgotten + alerts;
}

export function dropArtifacts(database: Database, id: string, keys: readonly string[]): void {
  const capture = readCapture(database, id);
  if (capture === undefined) return;
  const artifacts = capture.artifacts.filter(({ key }) => !keys.includes(key));
  saveCapture(database, { ...capture, artifacts });
}
