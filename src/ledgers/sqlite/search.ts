import type { SQLInputValue } from 'node:sqlite';
import { z } from 'zod';
import { captureStates, type Capture, type CaptureState } from '../../captures/capture.ts';
import type { CaptureFilter, SeenAlert } from '../../captures/ledger.ts';
import { isoTime } from '../capture-change.ts';
import { captureOf, storedSchema } from './capture-rows.ts';
import { readStored, unreadableAlert } from '../stored-capture.ts';
import type { Database } from './database.ts';
import { reasonSchema } from '../../reasons/reason.ts';
import { alertOutcomes, alertSchema } from '../../alerts/alert.ts';

/** Read-only queries. */

const seenSchema = z.object({
  source: z.string(),
  starts_at: z.string(),
  data: z.string(),
  outcome: z.enum(alertOutcomes),
  reason: z.string().nullable(),
  received_at: z.number(),
});
const stateCountSchema = z.object({ state: z.enum(captureStates), count: z.number() });

/** How long a target is watched after its window, milliseconds. */
const watchMs = 5 * 60_000;

/** As the list shows it. */
const alertName = `coalesce(data ->> '$.alert.labels.alertname', purpose)`;
/** What a reader of the list may look for, on lines of their own: nothing is found across two of them. */
const shownText = [
  `data ->> '$.answer.headline'`,
  'workload',
  `data ->> '$.target.name'`,
  `data ->> '$.reason.code'`,
  `(SELECT group_concat(value, char(10)) FROM json_each(data, '$.alert.labels'))`,
]
  .map((text) => `coalesce(${text}, '')`)
  .join(' || char(10) || ');

/** Newest first. `since` (inclusive) and `until` (exclusive) are about when the alert was received. */
export function listCaptures(database: Database, filter: CaptureFilter): Capture[] {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...operands: (SQLInputValue | undefined)[]): void => {
    const given = operands.filter((operand) => operand !== undefined);
    if (given.length === 0) return;
    conditions.push(condition);
    values.push(...given);
  };
  where('workload = ?', filter.workload);
  where('instr(lower(workload), lower(?)) > 0', filter.workloadPart);
  where(`instr(lower(${alertName}), lower(?)) > 0`, filter.alertPart);
  if (filter.text !== undefined) {
    const { part, reasons } = filter.text;
    where(
      `(instr(lower(${shownText}), lower(?)) > 0
        OR data ->> '$.reason.code' IN (SELECT value FROM json_each(?)))`,
      part,
      JSON.stringify(reasons),
    );
  }
  where('image = ?', filter.image);
  where('purpose = ?', filter.purpose);
  where('id < ?', filter.before);
  where('created_at >= ?', filter.since);
  where('created_at < ?', filter.until);
  if (filter.states !== undefined)
    where('state IN (SELECT value FROM json_each(?))', JSON.stringify(filter.states));
  const condition = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  return database
    .all(
      storedSchema,
      // The inner query uses only an index: rows of seven kilobytes are read only once they are selected.
      `SELECT id, data FROM captures WHERE seq IN (SELECT seq FROM captures ${condition} ORDER BY id DESC LIMIT ?)
       ORDER BY id DESC`,
      ...values,
      filter.limit,
    )
    .map(captureOf);
}

export function findAlert(database: Database, fingerprint: string): SeenAlert | undefined {
  const row = database.one(
    seenSchema,
    `SELECT source, starts_at, data, outcome, reason, received_at FROM alerts WHERE fingerprint = ?
     ORDER BY received_at DESC, rowid DESC LIMIT 1`,
    fingerprint,
  );
  return (
    row && {
      alert:
        readStored(alertSchema, row.data) ??
        unreadableAlert({ source: row.source, fingerprint, startsAt: row.starts_at }),
      outcome: row.outcome,
      reason: readStored(reasonSchema, row.reason ?? 'null') ?? null,
      receivedAt: row.received_at,
      capture: newestCapture(database, row.source, fingerprint),
    }
  );
}

/** Of all episodes of an alert. One that the cooldown ended names no profile: the capture that it waits for does. */
function newestCapture(database: Database, source: string, fingerprint: string): Capture | null {
  const newest = database.one(
    storedSchema,
    `SELECT captures.id, captures.data FROM alerts JOIN captures ON captures.id = alerts.capture_id
     WHERE source = ? AND fingerprint = ? ORDER BY seq DESC LIMIT 1`,
    source,
    fingerprint,
  );
  const capture = newest === undefined ? null : captureOf(newest);
  if (capture?.state !== 'skipped' || capture.reason?.code !== 'cooldown' || capture.target === null)
    return capture;
  const earlier = database.one(
    storedSchema,
    `SELECT id, data FROM captures WHERE workload = ? AND purpose = ? AND admitted_at IS NOT NULL AND id <> ?
     ORDER BY admitted_at DESC LIMIT 1`,
    capture.target.workload,
    capture.request.purpose,
    capture.id,
  );
  return earlier === undefined ? capture : captureOf(earlier);
}

export function watchedCaptures(database: Database, now: number): Capture[] {
  return database
    .all(
      storedSchema,
      `SELECT id, data FROM captures
       WHERE harmed = 0 AND window_ended_at > ? AND state IN ('storing', 'done', 'failed') AND workload IS NOT NULL
       ORDER BY window_ended_at`,
      isoTime(now - watchMs),
    )
    .map(captureOf);
}

export function countCaptures(database: Database): Record<CaptureState, number> & { deliveriesDue: number } {
  const due = database.one(
    z.object({ count: z.number() }),
    'SELECT count(*) AS count FROM deliveries WHERE due_at IS NOT NULL',
  );
  const counts = {
    queued: 0,
    resolving: 0,
    capturing: 0,
    storing: 0,
    done: 0,
    skipped: 0,
    failed: 0,
    deliveriesDue: due?.count ?? 0,
  };
  for (const { state, count } of database.all(
    stateCountSchema,
    'SELECT state, count(*) AS count FROM captures GROUP BY state',
  ))
    counts[state] = count;
  return counts;
}
