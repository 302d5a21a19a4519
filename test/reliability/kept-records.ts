import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { captureSchema, type Capture } from '../../src/captures/capture.ts';

/** What a flamepin that has stopped keeps, read from its files and not through itself. */
export interface KeptRecords {
  captures: Capture[];
  alerts: { fingerprint: string; startsAt: string; outcome: string; captureId: string | null }[];
  /** Captures whose recording still waits to be stored. */
  spooled: string[];
  /** Files in the store, relative. */
  files: string[];
}

const alertRow = z.object({
  fingerprint: z.string(),
  starts_at: z.string(),
  outcome: z.string(),
  capture_id: z.string().nullable(),
});

/** Throws when a row is no capture. */
export function keptRecords(ledgerFile: string, storeDirectory: string): KeptRecords {
  const database = new DatabaseSync(ledgerFile, { readOnly: true });
  try {
    return {
      captures: database
        .prepare('SELECT data FROM captures ORDER BY seq')
        .all()
        .map(({ data }) => captureSchema.parse(JSON.parse(String(data)))),
      alerts: database
        .prepare('SELECT fingerprint, starts_at, outcome, capture_id FROM alerts')
        .all()
        .map((row) => alertRow.parse(row))
        .map(({ fingerprint, starts_at, outcome, capture_id }) => ({
          fingerprint,
          startsAt: starts_at,
          outcome,
          captureId: capture_id,
        })),
      spooled: database
        .prepare('SELECT capture_id FROM spool')
        .all()
        .map(({ capture_id }) => String(capture_id)),
      files: readdirSync(storeDirectory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(storeDirectory.length + 1)),
    };
  } finally {
    database.close();
  }
}
