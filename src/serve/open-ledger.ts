import { dirname } from 'node:path';
import type { Ledger } from '../captures/ledger.ts';
import type { Configuration } from '../config/load.ts';
import { ConfigurationError } from '../config/problems.ts';
import { openSqliteLedger } from '../ledgers/sqlite/sqlite.ts';

/** The configured ledger. Throws ConfigurationError, or a Failure when it cannot be opened (ledger-locked, ledger-too-new, …). */
export function openLedger({ ledger, origin }: Pick<Configuration, 'ledger' | 'origin'>): Ledger {
  switch (ledger.kind) {
    case 'sqlite':
      return openSqliteLedger({ path: ledger.path });
    case 'postgres':
      throw new ConfigurationError(origin, [
        {
          path: 'ledger.postgres',
          what: 'not part of this version',
          remedy: 'Use ledger.sqlite with one replica.',
        },
      ]);
  }
}

/** Where the ledger fills a disk of this machine; null: nowhere. */
export function ledgerDirectory(ledger: Configuration['ledger']): string | null {
  switch (ledger.kind) {
    case 'sqlite':
      return dirname(ledger.path);
    case 'postgres':
      return null;
  }
}
