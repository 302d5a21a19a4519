import { z } from 'zod';
import { captureSchema, type Capture } from '../../captures/capture.ts';
import type { MadeFiles, Spooled } from '../../captures/ledger.ts';
import { endCapture, readCapture } from './capture-rows.ts';
import type { Database } from './database.ts';
import { makeDue } from './deliveries.ts';
import { artifactSchema } from '../../artifacts/artifact.ts';

/** Recordings, and the files made from them, on their way to the store. */

/** The spool's share of the database; alerts always find room in the rest. */
const spoolShare = 1 / 2;

const json = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text);
const recordingSchema = z.object({ recording: z.instanceof(Uint8Array) });
const outcomeSchema = z.object({
  outcome: z.preprocess(json, captureSchema.pick({ state: true, reason: true, answer: true, partial: true })),
});
const fileSchema = z.object({
  file: z.preprocess(
    json,
    artifactSchema.pick({ name: true, event: true, contentType: true, contentEncoding: true }),
  ),
  body: z.instanceof(Uint8Array),
});
const usageSchema = z.object({ captures: z.number(), bytes: z.number() });
const sizeSchema = z.object({ bytes: z.number() });
const idSchema = z.object({ id: z.string() });

export function readRecording(database: Database, id: string): Buffer | undefined {
  const row = database.one(
    recordingSchema,
    'SELECT recording FROM spool WHERE capture_id = ? AND outcome IS NULL',
    id,
  );
  return row && asBuffer(row.recording);
}

/** length() of a blob reads only the row's header. */
export function recordingSize(database: Database, id: string): number {
  const row = database.one(
    sizeSchema,
    'SELECT length(recording) AS bytes FROM spool WHERE capture_id = ?',
    id,
  );
  return row?.bytes ?? 0;
}

export function writeRecording(database: Database, id: string, recording: Uint8Array): void {
  database.run(
    `INSERT INTO spool (capture_id, recording) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET recording = excluded.recording`,
    id,
    recording,
  );
}

export function readFiles(database: Database, id: string): MadeFiles | undefined {
  const row = database.one(
    outcomeSchema,
    'SELECT outcome FROM spool WHERE capture_id = ? AND outcome IS NOT NULL',
    id,
  );
  if (row === undefined) return undefined;
  const files = database.all(
    fileSchema,
    'SELECT file, body FROM spool_files WHERE capture_id = ? ORDER BY place',
    id,
  );
  return { outcome: row.outcome, files: files.map(({ file, body }) => ({ ...file, body: asBuffer(body) })) };
}

export function writeFiles(database: Database, id: string, { files, outcome }: MadeFiles): void {
  database.run(
    `UPDATE spool SET recording = x'', outcome = ? WHERE capture_id = ?`,
    JSON.stringify(outcome),
    id,
  );
  for (const [place, { body, ...file }] of files.entries())
    database.run(
      'INSERT OR REPLACE INTO spool_files (capture_id, place, file, body) VALUES (?, ?, ?, ?)',
      id,
      place,
      JSON.stringify(file),
      body,
    );
}

/** Oldest first, until the spool fits its limit; never one that is being stored, nor the only one. */
export function giveUpOldest(database: Database, now: number): Capture[] {
  const { captures, bytes, limitBytes } = usage(database);
  let excess = bytes - limitBytes;
  if (excess <= 0) return [];
  const candidates = database.all(
    idSchema.extend({ bytes: z.number() }),
    `SELECT captures.id, length(recording) + coalesce(
       (SELECT sum(length(body)) FROM spool_files WHERE spool_files.capture_id = spool.capture_id), 0) AS bytes
     FROM spool JOIN captures ON captures.id = spool.capture_id
     WHERE captures.unfinished = 1 AND captures.lease_owner IS NULL ORDER BY captures.seq LIMIT ?`,
    captures - 1,
  );
  const givenUp: Capture[] = [];
  for (const { id, bytes: freed } of candidates) {
    if (excess <= 0) break;
    const capture = readCapture(database, id);
    if (capture === undefined) continue;
    const cause = capture.reason === null ? '' : ` Not stored before that: ${capture.reason.code}.`;
    const ended: Capture = {
      ...capture,
      state: 'failed',
      storeRetry: null,
      reason: { code: 'spool-full', detail: `The spool may hold ${limitBytes} bytes.${cause}` },
    };
    endCapture(database, makeDue(database, ended, 'finish', now));
    givenUp.push(ended);
    excess -= freed;
  }
  return givenUp;
}

export function makeStoringDue(database: Database, id: string | null, now: number): string[] {
  const waiting = database.all(
    idSchema,
    `SELECT captures.id FROM captures JOIN spool ON spool.capture_id = captures.id
     WHERE captures.state = 'storing' AND captures.id = coalesce(?, captures.id) ORDER BY captures.seq`,
    id,
  );
  for (const one of waiting)
    database.run(
      'UPDATE captures SET due_at = min(due_at, ?) WHERE id = ? AND lease_owner IS NULL',
      now,
      one.id,
    );
  return waiting.map((one) => one.id);
}

export function usage(database: Database): Spooled {
  // length() reads row headers, not the bytes.
  const { captures, bytes } = database.one(
    usageSchema,
    `SELECT count(*) AS captures, coalesce(sum(length(recording)), 0)
       + (SELECT coalesce(sum(length(body)), 0) FROM spool_files) AS bytes FROM spool`,
  ) ?? { captures: 0, bytes: 0 };
  return { captures, bytes, limitBytes: Math.floor(database.largestBytes * spoolShare) };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
