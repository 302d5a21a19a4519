import { z } from 'zod';
import type { Capture } from '../../captures/capture.ts';
import type { Reason } from '../../reasons/failure.ts';
import { stageOf } from '../capture-change.ts';
import { readStoredCapture } from '../stored-capture.ts';
import type { Database } from './database.ts';

/**
 * Capture rows: the JSON is the capture, parsed on read; the other columns belong to the queue. An unreadable row yields
 * what is left of its capture, so that it blocks nothing.
 */

/** What each query for whole captures selects: `id, data`. */
export const storedSchema = z.object({ id: z.string(), data: z.string() });
const heldSchema = storedSchema.extend({ deadline_at: z.number() });

export function captureOf({ id, data }: z.infer<typeof storedSchema>): Capture {
  return readStoredCapture(id, data).capture;
}

/** The same, and why part of it could not be read. */
export function captureAndFlaw({ id, data }: z.infer<typeof storedSchema>): {
  capture: Capture;
  flaw: Reason | null;
} {
  return readStoredCapture(id, data);
}

interface QueueColumns {
  workloadKey: string;
  createdAt: number;
  deadlineAt: number;
}

export function insertCapture(database: Database, capture: Capture, queue: QueueColumns): void {
  database.run(
    `INSERT INTO captures (id, data, workload_key, created_at, deadline_at, due_at, cooldown_from)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    capture.id,
    JSON.stringify(capture),
    queue.workloadKey,
    queue.createdAt,
    queue.deadlineAt,
    queue.createdAt,
    stageOf(capture.state) === 'final' ? null : queue.createdAt,
  );
}

export function readCapture(database: Database, id: string): Capture | undefined {
  const row = database.one(storedSchema, 'SELECT id, data FROM captures WHERE id = ?', id);
  return row && captureOf(row);
}

/** The capture, when `owner` still holds its lease: every write of a worker is fenced by this. */
export function heldCapture(
  database: Database,
  id: string,
  owner: string,
): { capture: Capture; deadlineAt: number } | undefined {
  const row = database.one(
    heldSchema,
    'SELECT id, data, deadline_at FROM captures WHERE id = ? AND lease_owner = ?',
    id,
    owner,
  );
  return row && { capture: captureOf(row), deadlineAt: row.deadline_at };
}

/** Writes the JSON, and nothing else. */
export function saveCapture(database: Database, capture: Capture): void {
  database.run('UPDATE captures SET data = ? WHERE id = ?', JSON.stringify(capture), capture.id);
}

/** Writes a capture that has ended. Clears its lease and spool and, if it never started, its cooldown. */
export function endCapture(database: Database, capture: Capture): void {
  database.run(
    `UPDATE captures SET data = ?, lease_owner = NULL, lease_until = 0, cooldown_from = admitted_at WHERE id = ?`,
    JSON.stringify(capture),
    capture.id,
  );
  dropSpool(database, capture.id);
}

/** The files made of the recording go with it. */
export function dropSpool(database: Database, id: string): void {
  database.run('DELETE FROM spool WHERE capture_id = ?', id);
}
