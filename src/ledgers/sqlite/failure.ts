import { z } from 'zod';
import { Failure } from '../../reasons/failure.ts';

/** Result codes of SQLite by which a fault is told apart (https://www.sqlite.org/rescode.html). */
const resultCodes = new Map<
  number,
  'ledger-full' | 'ledger-locked' | 'ledger-unreadable' | 'ledger-unavailable'
>([
  [3, 'ledger-unavailable'], // SQLITE_PERM
  [5, 'ledger-locked'], // SQLITE_BUSY
  [6, 'ledger-locked'], // SQLITE_LOCKED
  [8, 'ledger-unavailable'], // SQLITE_READONLY
  [10, 'ledger-unavailable'], // SQLITE_IOERR
  [11, 'ledger-unreadable'], // SQLITE_CORRUPT
  [13, 'ledger-full'], // SQLITE_FULL: the disk, or max_page_count
  [14, 'ledger-unavailable'], // SQLITE_CANTOPEN
  [26, 'ledger-unreadable'], // SQLITE_NOTADB
]);

const sqliteErrorSchema = z.object({ errcode: z.number().int(), errstr: z.string() });
const fileErrorSchema = z.object({ code: z.string().regex(/^E[A-Z]+$/), syscall: z.string() });

/** What the database, its files or its rows threw → a Failure; anything else is passed on as it is. */
export function ledgerFailure(error: unknown, path: string): unknown {
  if (error instanceof Failure) return error;
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    const detail = `${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
    return new Failure('ledger-unreadable', { detail, cause: error });
  }
  const sqlite = sqliteErrorSchema.safeParse(error);
  if (sqlite.success) {
    // The low byte is the primary code; the rest tells where within it.
    const code = resultCodes.get(sqlite.data.errcode & 0xff);
    if (code === undefined) return error;
    return new Failure(code, {
      detail: `${path}: ${sqlite.data.errstr} (${sqlite.data.errcode})`,
      cause: error,
    });
  }
  const file = fileErrorSchema.safeParse(error);
  if (!file.success) return error;
  return new Failure(file.data.code === 'ENOSPC' ? 'ledger-full' : 'ledger-unavailable', {
    detail: `${path}: ${file.data.syscall}: ${file.data.code}`,
    cause: error,
  });
}
