import { z } from 'zod';
import type { Capture } from '../../captures/capture.ts';
import type { Block } from '../../captures/ledger.ts';
import { readCapture, saveCapture } from './capture-rows.ts';
import type { Database } from './database.ts';
import { makeDueAgain } from './deliveries.ts';

/** Targets that died or restarted after a window, and the blocks that follow. */

const blockSchema = z
  .object({ key: z.string(), capture_id: z.string(), reason: z.string(), since: z.number() })
  .transform(({ capture_id: captureId, ...block }): Block => ({ ...block, captureId }));

/** Only the first harm counts. Blocks the image, or the workload where the image is unknown. */
export function recordHarm(database: Database, id: string, harm: string, now: number, blocks: boolean): void {
  const capture = readCapture(database, id);
  if (capture === undefined || capture.harm !== null) return;
  const harmed = { ...capture, harm, ...(blocks ? {} : { harmBlocks: false }) };
  saveCapture(database, harmed);
  makeDueAgain(database, harmed, now);
  if (!blocks) return;
  noteSiblingHarm(database, capture, harm, now);
  if (capture.target !== null)
    database.run(
      'INSERT INTO blocks (key, capture_id, reason, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      capture.target.image ?? capture.target.workload,
      id,
      harm,
      now,
    );
}

/** A sibling has no annotation of its own, so its harm is recorded on the original capture. */
function noteSiblingHarm(database: Database, { id, siblingOf }: Capture, harm: string, now: number): void {
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
