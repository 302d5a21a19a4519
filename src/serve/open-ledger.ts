import { dirname } from 'node:path';
import type { Ledger } from '../captures/ledger.ts';
import type { Configuration } from '../config/load.ts';
import { openSqliteLedger } from '../ledgers/sqlite/sqlite.ts';

/** The configured ledger. Throws a Failure when it cannot be opened (ledger-locked, ledger-too-new, …). */
export function openLedger({ ledger }: Pick<Configuration, 'ledger'>): Ledger {
  switch (ledger.kind) {
    case 'sqlite':
      return openSqliteLedger({ path: ledger.path });
  }
}

/** Where the ledger fills a disk of this machine; null: nowhere. */
export function ledgerDirectory(ledger: Configuration['ledger']): string | null {
  switch (ledger.kind) {
    case 'sqlite':
      return dirname(ledger.path);
  }
}
