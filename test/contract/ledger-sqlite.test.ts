import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteLedger } from '../../src/ledgers/sqlite.ts';
import { ledgerContract } from './ledger.ts';

ledgerContract('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-ledger-'));
  const path = join(directory, 'data', 'flamepin.db');
  return {
    address: `sqlite:${path}`,
    open: () => openSqliteLedger({ path }),
    remove: () => rm(directory, { recursive: true }),
  };
});
