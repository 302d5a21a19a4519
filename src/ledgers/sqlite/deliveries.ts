import { z } from 'zod';
import type { Capture } from '../../captures/capture.ts';
import type { Delivery, DeliveryResult } from '../../captures/ledger.ts';
import { isoTime } from '../capture-change.ts';
import { readCapture, saveCapture } from './capture-rows.ts';
import type { Database } from './database.ts';

/** Annotations to deliver: one row per capture, with its own lease and retries, so that each capture has one. */

const leasedSchema = z.object({
  capture_id: z.string(),
  want: z.enum(['begin', 'finish']),
  attempts: z.number(),
  cut_offs: z.number(),
});
const heldSchema = z.object({ revision: z.number(), leased_revision: z.number() });

/**
 * Makes an annotation due and returns the capture with its new annotation state, unsaved. A `finish` replaces a `begin`
 * that was not delivered yet; a `begin` in progress keeps its lease, and the finish follows. Baselines and
 * siblings are never annotated.
 */
export function makeDue(
  database: Database,
  capture: Capture,
  want: 'begin' | 'finish',
  now: number,
): Capture {
  const { purpose } = capture.request;
  if (purpose === 'baseline' || purpose === 'sibling') return capture;
  database.run(
    want === 'begin'
      ? `INSERT INTO deliveries (capture_id, want, due_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
      : `INSERT INTO deliveries (capture_id, want, due_at) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET want = excluded.want, due_at = excluded.due_at, attempts = 0, cut_offs = 0,
           revision = revision + 1`,
    capture.id,
    want,
    now,
  );
  const { state } = capture.annotation;
  if (state !== 'none' && state !== 'failed') return capture;
  return { ...capture, annotation: { ...capture.annotation, state: 'pending', reason: null } };
}

/** A finished annotation is out of date: the capture's alert has resolved, or harm was seen. */
export function makeDueAgain(database: Database, capture: Capture, now: number): void {
  database.run(
    `UPDATE deliveries SET due_at = ?, attempts = 0, cut_offs = 0, revision = revision + 1 WHERE capture_id = ? AND want = 'finish'`,
    now,
    capture.id,
  );
}

export function leaseDelivery(
  database: Database,
  owner: string,
  now: number,
  leaseMs: number,
): Delivery | undefined {
  // A lease that ran out is a try that ended in a crash: it counts.
  const row = database.one(
    leasedSchema,
    `UPDATE deliveries SET lease_owner = ?, lease_until = ?, leased_revision = revision,
       attempts = attempts + (lease_owner IS NOT NULL), cut_offs = cut_offs + (lease_owner IS NOT NULL)
     WHERE capture_id = (
       SELECT capture_id FROM deliveries WHERE due_at <= ? AND lease_until <= ? ORDER BY due_at, capture_id LIMIT 1)
     RETURNING capture_id, want, attempts, cut_offs`,
    owner,
    now + leaseMs,
    now,
    now,
  );
  const capture = row && readCapture(database, row.capture_id);
  return row && capture && { capture, want: row.want, attempts: row.attempts, cutOffs: row.cut_offs };
}

export function settleDelivery(
  database: Database,
  id: string,
  owner: string,
  result: DeliveryResult,
  now: number,
): boolean {
  const row = database.one(
    heldSchema,
    'SELECT revision, leased_revision FROM deliveries WHERE capture_id = ? AND lease_owner = ?',
    id,
    owner,
  );
  const capture = row && readCapture(database, id);
  if (row === undefined || capture === undefined) return false;
  const outOfDate = row.revision !== row.leased_revision;
  const dueAt = result.kind === 'retry' ? result.dueAt : outOfDate ? now : null;
  database.run(
    `UPDATE deliveries SET lease_owner = NULL, lease_until = 0, due_at = ?,
       attempts = CASE WHEN ? THEN attempts + 1 ELSE 0 END, cut_offs = 0 WHERE capture_id = ?`,
    dueAt,
    result.kind === 'retry' ? 1 : 0,
    id,
  );
  saveCapture(database, annotated(capture, result, outOfDate, now));
  return true;
}

function annotated(capture: Capture, result: DeliveryResult, outOfDate: boolean, now: number): Capture {
  const { annotation, timeline } = capture;
  switch (result.kind) {
    case 'begun':
    case 'finished': {
      const annotatedAt = result.kind === 'finished' ? (timeline.annotatedAt ?? isoTime(now)) : null;
      return {
        ...capture,
        annotation: { state: result.kind, reason: null, id: result.annotationId ?? annotation.id },
        timeline: { ...timeline, annotatedAt },
      };
    }
    case 'retry':
      return { ...capture, annotation: { ...annotation, reason: result.reason } };
    case 'none':
      return { ...capture, annotation: { ...annotation, state: 'none', reason: null } };
    case 'failed': {
      // Only an update failed: the finished annotation is still on the panel. The reason records the failure.
      const stays = outOfDate || annotation.state === 'finished';
      return {
        ...capture,
        annotation: { ...annotation, state: stays ? annotation.state : 'failed', reason: result.reason },
      };
    }
  }
}
