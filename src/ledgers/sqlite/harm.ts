import { z } from 'zod';
import type { Capture } from '../../captures/capture.ts';
import type { Block } from '../../captures/ledger.ts';
import { readCapture, saveCapture } from './capture-rows.ts';
import type { Database } from './database.ts';
import { makeDueAgain } from './deliveries.ts';

/** Targets that died or restarted after a window, and what is blocked for it. */

const blockSchema = z
  .object({ key: z.string(), capture_id: z.string(), reason: z.string(), since: z.number() })
  .transform(({ capture_id: captureId, ...block }): Block => ({ ...block, captureId }));

/** The first harm seen stands; a block is kept by image, or by workload where there is none. */
export function recordHarm(database: Database, id: string, harm: string, now: number, blocks: boolean): void {
  const capture = readCapture(database, id);
  if (capture === undefined || capture.harm !== null) return;
  const harmed = { ...capture, harm, ...(blocks ? {} : { harmBlocks: false }) };
  saveCapture(database, harmed);
  makeDueAgain(database, harmed, now);
  if (!blocks) return;
  tellTheOther(database, capture, harm, now);
  if (capture.target !== null)
    database.run(
      'INSERT INTO blocks (key, capture_id, reason, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      capture.target.image ?? capture.target.workload,
      id,
      harm,
      now,
    );
}

/** A sibling has no mark of its own: the capture whose sibling it is says it. */
function tellTheOther(database: Database, { id, siblingOf }: Capture, harm: string, now: number): void {
  const other = siblingOf === null ? undefined : readCapture(database, siblingOf.captureId);
  if (other?.sibling?.captureId !== id) return;
  const told = { ...other, sibling: { ...other.sibling, harm } };
  saveCapture(database, told);
  makeDueAgain(database, told, now);
}

export function listBlocks(database: Database): Block[] {
  return database.all(blockSchema, 'SELECT key, capture_id, reason, since FROM blocks ORDER BY since, key');
}

export function releaseBlock(database: Database, key: string): boolean {
  return database.run('DELETE FROM blocks WHERE key = ?', key) > 0;
}
