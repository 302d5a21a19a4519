import { z } from 'zod';
import type { Capture, Timeline } from '../../captures/capture.ts';
import {
  type Admission,
  type CaptureChange,
  type CaptureLimits,
  type CaptureWork,
  type LeasedCapture,
  type MadeFiles,
  type NewSibling,
} from '../../captures/ledger.ts';
import { slotOfStart } from '../../captures/slot.ts';
import type { Reason } from '../../reasons/failure.ts';
import type { Target } from '../../captures/target.ts';
import { applyChange, checked, isoTime, lateReason, newSibling, stageOf } from '../capture-change.ts';
import {
  captureAndFlaw,
  dropSpool,
  endCapture,
  heldCapture,
  insertCapture,
  saveCapture,
  storedSchema,
} from './capture-rows.ts';
import type { Database } from './database.ts';
import { makeDue } from './deliveries.ts';
import { isPaused } from './pause.ts';
import { writeFiles, writeRecording } from './spool.ts';

/** The queue as a worker sees it: leases, admission, and moving from stage to stage. */

const leasedSchema = storedSchema.extend({ attempts: z.number(), cut_offs: z.number() });
const earlierSchema = z.object({ id: z.string(), admitted_at: z.number() });
const blockSchema = z.object({ key: z.string(), capture_id: z.string() });
const runningSchema = z.object({ total: z.number(), on_node: z.number(), in_target: z.number() });

/** A queued capture whose target is not known yet is `resolving` while it is leased, and `queued` again after that. */
const asResolving = `CASE WHEN state = 'queued' AND data ->> '$.target' IS NULL
  THEN json_set(data, '$.state', 'resolving') ELSE data END`;
export const asQueued = `CASE state WHEN 'resolving' THEN json_set(data, '$.state', 'queued') ELSE data END`;

export function lease(
  database: Database,
  owner: string,
  now: number,
  leaseMs: number,
  work?: CaptureWork,
): LeasedCapture | undefined {
  // An expired lease counts as an attempt: it ended in a crash or a freeze.
  const row = database.one(
    leasedSchema,
    `UPDATE captures SET lease_owner = ?, lease_until = ?, attempts = attempts + (lease_owner IS NOT NULL),
       cut_offs = cut_offs + (lease_owner IS NOT NULL), data = ${asResolving}
     WHERE seq = (
       SELECT seq FROM captures
       WHERE unfinished = 1 AND due_at <= ? AND lease_until <= ?
         AND CASE state
           WHEN 'storing' THEN CASE WHEN data ->> '$.storeRetry' IS NULL THEN ? ELSE ? END
           WHEN 'capturing' THEN ? ELSE ? AND deadline_at > ? END
         AND json_valid(data)
       ORDER BY seq LIMIT 1)
     RETURNING id, data, attempts, cut_offs`,
    owner,
    now + leaseMs,
    now,
    now,
    Number(work === undefined || work === 'store'),
    Number(work === undefined || work === 'store again'),
    Number(work === undefined || work === 'profile'),
    Number((work === undefined || work === 'profile') && !isPaused(database)),
    now,
  );
  if (row === undefined) return undefined;
  const { capture, flaw } = captureAndFlaw(row);
  return { ...capture, attempts: row.attempts, cutOffs: row.cut_offs, flaw };
}

export function renew(database: Database, id: string, owner: string, until: number): boolean {
  return (
    database.run('UPDATE captures SET lease_until = ? WHERE id = ? AND lease_owner = ?', until, id, owner) > 0
  );
}

export function release(database: Database, id: string, owner: string, dueAt: number): boolean {
  return (
    database.run(
      `UPDATE captures SET lease_owner = NULL, lease_until = 0, due_at = ?, attempts = attempts + 1,
         data = ${asQueued}
       WHERE id = ? AND lease_owner = ?`,
      dueAt,
      id,
      owner,
    ) > 0
  );
}

export function admit(
  database: Database,
  id: string,
  owner: string,
  target: Target,
  limits: CaptureLimits,
  now: number,
): Admission {
  const held = heldCapture(database, id, owner);
  // Already started: never a second time.
  if (held === undefined || stageOf(held.capture.state) !== 'waiting') return { kind: 'lost' };
  const { timeline } = held.capture;
  const capture: Capture = {
    ...held.capture,
    target,
    timeline: { ...timeline, resolvedAt: isoTime(now) },
  };
  const reason = refusal(database, capture, target, held.deadlineAt, now);
  if (reason !== undefined) {
    const skipped: Capture = { ...capture, state: 'skipped', reason };
    endCapture(database, reason.code === 'cooldown' ? skipped : makeDue(database, skipped, 'finish', now));
    return { kind: 'refused', reason };
  }
  const running = database.one(
    runningSchema,
    `SELECT count(*) AS total, count(*) FILTER (WHERE slot_node = ?) AS on_node,
       count(*) FILTER (WHERE slot_node = ? AND slot_target = ?) AS in_target
     FROM captures WHERE slot_until IS NOT NULL AND (slot_until > ? OR state = 'capturing')`,
    target.node,
    target.node,
    target.uri,
    now,
  ) ?? { total: 0, on_node: 0, in_target: 0 };
  // Two sessions in one JVM would be refused by the profiler.
  if (running.total >= limits.total || running.on_node >= limits.perNode || running.in_target > 0)
    return { kind: 'wait' };
  // Should the JVM die while the profiler starts, the harm watch still knows when its window began.
  const started: Timeline = { ...capture.timeline, startedAt: isoTime(now) };
  saveCapture(database, { ...capture, state: 'capturing', timeline: started });
  database.run(
    `UPDATE captures SET admitted_at = ?, cooldown_from = ?, attempts = 0, cut_offs = 0,
       slot_until = ?, slot_node = ?, slot_target = ? WHERE id = ?`,
    now,
    now,
    slotOfStart(capture.request, now),
    target.node,
    target.uri,
    id,
  );
  return { kind: 'admitted', timeline: started };
}

function refusal(
  database: Database,
  capture: Capture,
  target: Target,
  deadlineAt: number,
  now: number,
): Reason | undefined {
  const block = database.one(
    blockSchema,
    'SELECT key, capture_id FROM blocks WHERE key IN (?, ?) LIMIT 1',
    target.image ?? target.workload,
    target.workload,
  );
  if (block !== undefined)
    return { code: 'target-blocked', detail: `${block.key}, since ${block.capture_id}` };
  const { cooldownSeconds, purpose } = capture.request;
  if (cooldownSeconds > 0) {
    const earlier = database.one(
      earlierSchema,
      `SELECT id, admitted_at FROM captures
       WHERE workload = ? AND purpose = ? AND admitted_at > ? AND id <> ? ORDER BY admitted_at DESC LIMIT 1`,
      target.workload,
      purpose,
      now - cooldownSeconds * 1000,
      capture.id,
    );
    if (earlier !== undefined)
      return { code: 'cooldown', detail: `${earlier.id} at ${isoTime(earlier.admitted_at)}` };
  }
  return deadlineAt <= now ? lateReason(capture, deadlineAt) : undefined;
}

export function addSibling(
  database: Database,
  id: string,
  owner: string,
  sibling: NewSibling,
  now: number,
): boolean {
  const capture = heldCapture(database, id, owner)?.capture;
  if (capture?.state !== 'capturing' || capture.sibling !== null) return false;
  saveCapture(database, {
    ...capture,
    sibling: { captureId: sibling.id, name: sibling.target.name, harm: null },
  });
  insertCapture(database, newSibling(capture, sibling, now), {
    // Its own key: siblings take no part in the workload's cooldown.
    workloadKey: `sibling ${sibling.id}`,
    createdAt: now,
    deadlineAt: sibling.deadlineAt,
  });
  database.refuseNewWorkWhenNearlyFull();
  return true;
}

/** `spool`: what to spool, or with `drop` to remove, in the same transaction. False: the lease was lost. */
export function advance(
  database: Database,
  id: string,
  owner: string,
  change: CaptureChange,
  now: number,
  spool: { recording?: Uint8Array; made?: MadeFiles; drop?: boolean } = {},
): boolean {
  const held = heldCapture(database, id, owner);
  if (held === undefined) return false;
  const before = stageOf(held.capture.state);
  let capture = checked(applyChange(held.capture, change));
  const after = stageOf(capture.state);
  if (change.deliver !== undefined) capture = makeDue(database, capture, change.deliver, now);
  if (spool.recording !== undefined) writeRecording(database, id, spool.recording);
  if (spool.made !== undefined) writeFiles(database, id, spool.made);
  if (spool.drop === true) dropSpool(database, id);
  const collected = before === 'capturing' && after === 'storing';
  const slotUntil = change.slotUntil === undefined && collected ? null : change.slotUntil;
  if (slotUntil !== undefined) database.run('UPDATE captures SET slot_until = ? WHERE id = ?', slotUntil, id);
  if (after === 'final') endCapture(database, capture);
  else saveCapture(database, capture);
  if (after !== before)
    database.run('UPDATE captures SET attempts = 0, cut_offs = 0, due_at = ? WHERE id = ?', now, id);
  return true;
}
