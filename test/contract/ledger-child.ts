import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../src/captures/ledger.ts';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import { firing } from '../given/alert.ts';
import { toCapture } from '../given/decision.ts';
import { wide } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { noon } from '../given/time.ts';

/**
 * A flamepin that is going to be killed: `node ledger-child.ts ADDRESS ROUND [WINDOW]`. It accepts 200 notifications of three
 * alerts each, one of them to be captured, and starts what it can, and says so line by line, each only after the ledger has answered:
 * `accepted ROUND-N`, `started CAPTURE`, `ended CAPTURE`, at last `done`. The window of a capture started at notification
 * WINDOW or later does not end.
 */

/** By the scheme of the address. */
const ledgers: Record<string, (rest: string) => Ledger | Promise<Ledger>> = {
  sqlite: (path) => openSqliteLedger({ path }),
};

const [address = '', round = '', window = 'Infinity'] = process.argv.slice(2);
const [scheme = '', ...rest] = address.split(':');
const open = ledgers[scheme];
if (open === undefined) throw new Error(`no ledger is known by ${address}`);
const ledger = await open(rest.join(':'));
const owner = `round-${round}`;
// A minute between rounds, so that a killed round's leases have run out.
const now = noon + Number(round) * 60_000;

/** Not buffered: a line is out before the next thing is done. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

for (let n = 0; n < 200; n++) {
  const deadlineAt = now + 3_600_000;
  const unrouted = { outcome: 'unrouted', reason: { code: 'no-route', detail: '' } } as const;
  const decisions = [
    { alert: firing(`${round}-${n}-a`), ...unrouted },
    toCapture(`${round}-${n}-b`, { deadlineAt }),
    { alert: firing(`${round}-${n}-c`), ...unrouted },
  ];
  await ledger.accept(decisions, now);
  say(`accepted ${round}-${n}`);
  if (n % 3 !== 0) continue;
  const capture = await ledger.lease(owner, now, 10_000);
  if (capture === undefined) continue;
  const admission = await ledger.admit(capture.id, owner, targetOn('n1', capture.id), wide, now);
  if (admission.kind !== 'admitted') continue;
  say(`started ${capture.id}`);
  if (n >= Number(window)) await sleep(60_000);
  await ledger.spool(capture.id, owner, Buffer.from(capture.id), { state: 'storing' }, now);
  await ledger.finishStoring(capture.id, owner, { state: 'done', deliver: 'finish' }, now);
  say(`ended ${capture.id}`);
}
await ledger.close();
say('done');
