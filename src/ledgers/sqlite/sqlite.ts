import type { Ledger } from '../../captures/ledger.ts';
import { explainObserved } from './acceptance.ts';
import { readCapture } from './capture-rows.ts';
import { boundCooldowns, shiftTimes } from './clock.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { leaseDelivery, settleDelivery } from './deliveries.ts';
import { listBlocks, recordHarm, releaseBlock } from './harm.ts';
import { Intake } from './intake.ts';
import { isPaused, setPaused } from './pause.ts';
import { dropArtifacts, expire } from './retention.ts';
import { countCaptures, findAlert, listCaptures, watchedCaptures } from './search.ts';
import { makeStoringDue, readFiles, readRecording, recordingSize, usage } from './spool.ts';
import { freeAllLeases, repairRecords, sweep } from './sweep.ts';
import { addSibling, admit, advance, lease, release, renew } from './work.ts';

/**
 * The ledger in one SQLite file, for one flamepin: a second one that opens it is refused at once. Local or block
 * volumes only: the lock is not to be trusted on NFS, EFS or SMB. Leases of a process that was killed are free as
 * soon as the file is open. Every method runs on the calling thread: 10,000 alerts in one notification hold it for
 * about half a second.
 *
 * Throws Failure: ledger-locked (another flamepin has it), ledger-too-new (written by a newer flamepin),
 * ledger-unreadable (damaged, or another program's), ledger-unavailable (rights, disk), ledger-full.
 */
export function openSqliteLedger(options: DatabaseOptions): Ledger {
  const database = new Database(options);
  try {
    database.transactionSync(() => {
      repairRecords(database);
      freeAllLeases(database);
    });
  } catch (error) {
    database.close();
    throw error;
  }
  const intake = new Intake(database);
  let swept = false;
  return {
    accept: (decisions, now) => intake.accept(decisions, now),
    explainObserved: (alert, detail) =>
      database.transaction(() => {
        explainObserved(database, alert, detail);
      }),

    lease: (owner, now, leaseMs, work) =>
      database.transaction(() => lease(database, owner, now, leaseMs, work)),
    renew: (id, owner, now, leaseMs) => database.transaction(() => renew(database, id, owner, now + leaseMs)),
    release: (id, owner, dueAt) => database.transaction(() => release(database, id, owner, dueAt)),
    admit: (id, owner, target, limits, now) =>
      database.transaction(() => admit(database, id, owner, target, limits, now)),
    addSibling: (id, owner, sibling, now) =>
      database.transaction(() => addSibling(database, id, owner, sibling, now)),
    advance: (id, owner, change, now) =>
      database.transaction(() => advance(database, id, owner, change, now)),

    spool: (id, owner, recording, change, now) =>
      database.transaction(() => advance(database, id, owner, change, now, { recording })),
    readSpool: (id) => database.read(() => readRecording(database, id)),
    spoolSize: (id) => database.read(() => recordingSize(database, id)),
    keepFiles: (id, owner, made, change, now) =>
      database.transaction(() => advance(database, id, owner, change, now, { made })),
    readFiles: (id) => database.read(() => readFiles(database, id)),
    finishStoring: (id, owner, change, now) =>
      database.transaction(() => {
        const stored = advance(database, id, owner, change, now, { drop: true });
        if (stored) makeStoringDue(database, null, now);
        return stored;
      }),
    storeNow: (id, now) => database.transaction(() => makeStoringDue(database, id, now)),
    spooled: () => database.read(() => usage(database)),

    leaseDelivery: (owner, now, leaseMs) =>
      database.transaction(() => leaseDelivery(database, owner, now, leaseMs)),
    settleDelivery: (id, owner, result, now) =>
      database.transaction(() => settleDelivery(database, id, owner, result, now)),

    get: (id) => database.read(() => readCapture(database, id)),
    list: (filter) => database.read(() => listCaptures(database, filter)),
    findAlert: (fingerprint) => database.read(() => findAlert(database, fingerprint)),

    sweep: async (now) => {
      const result = await database.transaction(() => {
        if (!swept) boundCooldowns(database, now);
        return sweep(database, now);
      });
      swept = true;
      return result;
    },
    shift: (step, now) =>
      database.transaction(() => {
        shiftTimes(database, step, now);
      }),
    watches: (now) => database.read(() => watchedCaptures(database, now)),
    recordHarm: (id, harm, now, blocks = true) =>
      database.transaction(() => {
        recordHarm(database, id, harm, now, blocks);
      }),
    blocks: () => database.read(() => listBlocks(database)),
    releaseBlock: (key) => database.transaction(() => releaseBlock(database, key)),

    expire: (before) => expire(database, before),
    dropArtifacts: (id, keys) =>
      database.transaction(() => {
        dropArtifacts(database, id, keys);
      }),
    claimCronRun: (job, fireTime) =>
      database.transaction(
        () =>
          database.run('INSERT OR IGNORE INTO cron_runs (job, fire_time) VALUES (?, ?)', job, fireTime) > 0,
      ),

    setPaused: (paused) =>
      database.transaction(() => {
        setPaused(database, paused);
      }),
    ready: () =>
      database.read(() => {
        database.checkFiles();
      }),
    paused: () => database.read(() => isPaused(database)),
    counts: () => database.read(() => countCaptures(database)),
    close: () =>
      database.read(() => {
        intake.flush();
        database.close();
      }),
  };
}
