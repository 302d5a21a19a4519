import type { Ledger } from '../captures/ledger.ts';
import type { Configuration } from '../config/load.ts';
import { ConfigurationError } from '../config/problems.ts';
import { openSqliteLedger } from '../ledgers/sqlite/sqlite.ts';

/** The configured ledger. Throws ConfigurationError, or a Failure when it cannot be opened (ledger-locked, ledger-too-new, …). */
export function openLedger({ ledger, origin }: Pick<Configuration, 'ledger' | 'origin'>): Ledger {
  if (ledger.kind === 'sqlite') return openSqliteLedger({ path: ledger.path });
  throw new ConfigurationError(origin, [
    {
      path: 'ledger.postgres',
      what: 'not part of this version',
      remedy: 'Use ledger.sqlite with one replica.',
    },
  ]);
}
