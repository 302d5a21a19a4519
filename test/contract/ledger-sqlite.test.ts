import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import { ledgerContract } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { leased, started } from '../given/in-ledger.ts';
import { leaseMs, minute, noon } from '../given/time.ts';

ledgerContract('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-ledger-'));
  const path = join(directory, 'data', 'flamepin.db');
  return {
    address: `sqlite:${path}`,
    open: () => openSqliteLedger({ path }),
    remove: () => rm(directory, { recursive: true }),
    damage: async (id, text, by) => {
      const database = new DatabaseSync(path);
      try {
        const replacing = database.prepare('UPDATE captures SET data = replace(data, ?, ?) WHERE id = ?');
        assert.equal(replacing.run(text, by, id).changes, 1);
        return;
      } catch {
        // SQLite itself writes no JSON that is none; a faulty disk does.
      } finally {
        database.close();
      }
      assert.equal(text.length, by.length, 'damage is as long as what was there');
      const bytes = await readFile(path);
      const record = bytes.indexOf(`{"id":"${id}"`);
      const at = bytes.indexOf(text, record);
      assert.ok(record >= 0 && at >= 0, `${text} is in the record of ${id}`);
      bytes.write(by, at);
      await writeFile(path, bytes);
    },
  };
});

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

describe('the SQLite file', () => {
  let directory = '';
  let path = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-ledger-'));
    path = join(directory, 'flamepin.db');
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Opening is refused with this code, at once, in words that name the file. */
  function refused(code: ReasonCode): void {
    const began = performance.now();
    assert.throws(
      () => openSqliteLedger({ path }),
      (error) => error instanceof Failure && error.code === code && error.detail.includes(path),
    );
    assert.ok(performance.now() - began < 5000, 'refused, but not at once');
  }

  it('is readable by its owner only, as it holds recordings', async () => {
    path = join(directory, 'new', 'flamepin.db');
    const ledger = openSqliteLedger({ path });
    await ledger.accept([toCapture('f1')], noon);
    for (const name of await readdir(dirname(path)))
      assert.equal((await stat(join(dirname(path), name))).mode & 0o077, 0, name);
    assert.equal((await stat(dirname(path))).mode & 0o077, 0);
    await ledger.close();
  });

  it('is refused to a second flamepin, in this process or another, until the first has closed it', async () => {
    const first = openSqliteLedger({ path });
    refused('ledger-locked');
    const second = spawn(process.execPath, [file('ledger-child.ts'), `sqlite:${path}`, '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 30_000,
    });
    let stderr = '';
    second.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(second, 'close')) as [number];
    assert.equal(code, 1);
    assert.match(stderr, /Another flamepin has the ledger open/);
    await first.close();
    await openSqliteLedger({ path }).close();
  });

  it('gives leases of a closed process to the next one at once', async () => {
    const first = openSqliteLedger({ path });
    const { id } = await leased(first, 'a');
    await first.close();
    const next = openSqliteLedger({ path });
    const again = await next.lease('b', noon, leaseMs);
    assert.deepEqual([again?.id, again?.attempts], [id, 1]);
    await next.close();
  });

  it('of a newer flamepin is refused and left as it is', async () => {
    await openSqliteLedger({ path }).close();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    refused('ledger-locked');
    database.close();
    refused('ledger-too-new');
    const after = new DatabaseSync(path);
    assert.deepEqual({ ...after.prepare('PRAGMA user_version').get() }, { user_version: 99 });
    after.close();
  });

  it('of another program is refused and left as it is', () => {
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE theirs (x)');
    database.close();
    refused('ledger-unreadable');
  });

  it('holds recordings up to half of its size: then the oldest goes, and alerts still find room', async () => {
    const ledger = openSqliteLedger({ path, maximumBytes: 8 * 2 ** 20 });
    const mebibyte = Buffer.alloc(2 ** 20, 'x');
    const ids: string[] = [];
    for (let n = 0; n < 6; n++) {
      const { id } = await started(ledger, 'a', toCapture(`f${n}`));
      await ledger.spool(id, 'a', mebibyte, { state: 'storing' }, noon);
      ids.push(id);
      // The first is being stored at this moment.
      if (n > 0) await ledger.release(id, 'a', noon + minute);
    }
    const { ended } = await ledger.sweep(noon);
    assert.deepEqual(
      ended.map(({ id, state, reason }) => [id, state, reason?.code]),
      [1, 2].map((n) => [ids[n], 'failed', 'spool-full']),
    );
    assert.deepEqual(await ledger.spooled(), { captures: 4, bytes: 4 * 2 ** 20, limitBytes: 4 * 2 ** 20 });
    assert.deepEqual((await ledger.sweep(noon)).ended, []);
    const told = [
      await ledger.leaseDelivery('d', noon, leaseMs),
      await ledger.leaseDelivery('d', noon, leaseMs),
    ];
    assert.deepEqual(
      told.map((delivery) => delivery?.capture.reason?.code),
      ['spool-full', 'spool-full'],
    );
    const [accepted] = await ledger.accept([toCapture('new')], noon);
    assert.equal(accepted?.outcome, 'queued');
    await ledger.close();
  });

  it('never gives up its only recording, however large', async () => {
    const ledger = openSqliteLedger({ path, maximumBytes: 4 * 2 ** 20 });
    const { id } = await started(ledger, 'a');
    await ledger.spool(id, 'a', Buffer.alloc(2.5 * 2 ** 20), { state: 'storing' }, noon);
    await ledger.release(id, 'a', noon);
    assert.deepEqual((await ledger.sweep(noon)).ended, []);
    await ledger.close();
  });

  it('that is not a database is refused', async () => {
    await writeFile(path, 'not a database, but long enough to be looked at. '.repeat(100));
    refused('ledger-unreadable');
  });

  it('whose parent is not a directory is refused', async () => {
    await writeFile(path, '');
    path = join(path, 'flamepin.db');
    refused('ledger-unavailable');
  });

  for (const filledBy of ['own', 'others'])
    it(`on a disk that is full (${filledBy}): says so, loses nothing, and goes on when there is room`, async () => {
      // Without root, a user namespace allows the mount as well.
      const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
      const command = [process.execPath, file('ledger-full-child.ts'), filledBy, directory];
      await promisify(execFile)(
        'unshare',
        [...namespace, 'sh', file('with-small-disk.sh'), '16m', directory, ...command],
        { timeout: 120_000 },
      ).catch((error: unknown) => {
        throw new Error('failed; when unshare may not be used: run as root, or allow user namespaces', {
          cause: error,
        });
      });
    });
});
