import { z } from 'zod';
import type { Database } from './database.ts';

const settingSchema = z.object({ value: z.string() });

/** Durable: a restart does not undo an operator's pause. */
export function setPaused(database: Database, paused: boolean): void {
  database.run(`INSERT OR REPLACE INTO settings (name, value) VALUES ('paused', ?)`, String(paused));
}

export function isPaused(database: Database): boolean {
  return database.one(settingSchema, `SELECT value FROM settings WHERE name = 'paused'`)?.value === 'true';
}
