import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { must, wide } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { leaseMs, minute, noon } from '../given/time.ts';

const child = fileURLToPath(new URL('ledger-child.ts', import.meta.url));

/** Runs the child until `kill` says so, kills it with SIGKILL, and returns what it has said. */
async function runUntilKilled(
  childArguments: readonly string[],
  kill: (line: string, accepted: number) => boolean,
): Promise<string[]> {
  const { promise: gone, resolve } = Promise.withResolvers<NodeJS.Signals | null>();
  const running = spawn(process.execPath, [child, ...childArguments], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  running.once('exit', (_code, signal) => {
    resolve(signal);
  });
  const lines: string[] = [];
  let accepted = 0;
  const reader = createInterface(running.stdout);
  reader.on('line', (line) => {
    lines.push(line);
    if (line.startsWith('accepted')) accepted += 1;
    if (kill(line, accepted)) running.kill('SIGKILL');
  });
  await once(reader, 'close');
  assert.equal(await gone, 'SIGKILL', `the child ended by itself after ${lines.length} lines`);
  return lines;
}

export function killedInTheMiddle({ ledger, address, reopen, close }: LedgerUnderTest): void {
  describe('a process killed with SIGKILL among 200 notifications', () => {
    it('loses no acknowledged alert, captures none twice, and shows what was interrupted', async () => {
      await close();
      const said: string[] = [];
      for (const [round, at] of [2, 41, 130, 180].entries()) {
        // In one round wherever it is when the signal arrives, in the next within the window of a capture.
        const inWindow = round % 2 === 1;
        const lines = await runUntilKilled(
          [address(), String(round), ...(inWindow ? [String(at)] : [])],
          (line, accepted) => accepted >= at && (!inWindow || (accepted > at && line.startsWith('started'))),
        );
        said.push(...lines);
      }
      await reopen();
      const after = (word: string): string[] =>
        said.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

      const captures = await ledger().list({ limit: 10_000 });
      const captured = captures.map(({ alert }) => alert.fingerprint);
      assert.equal(new Set(captured).size, captured.length, 'an alert was captured twice');
      for (const notification of after('accepted')) {
        for (const pod of ['a', 'b', 'c'])
          assert.notEqual(
            await ledger().findAlert(`${notification}-${pod}`),
            undefined,
            `${notification}-${pod}`,
          );
        assert.ok(captured.includes(`${notification}-b`));
      }
      // Of a notification that was cut off: all alerts or none.
      for (const fingerprint of captured)
        assert.notEqual(await ledger().findAlert(fingerprint.replace(/b$/, 'c')), undefined);

      const starts = after('started');
      assert.equal(new Set(starts).size, starts.length, 'something was started twice');
      const ended = new Set(after('ended'));
      for (const id of starts) {
        const { state } = must(await ledger().get(id));
        if (ended.has(id)) assert.equal(state, 'done');
        else assert.ok(['capturing', 'storing', 'done'].includes(state), `${id} is ${state}`);
      }

      // What Alertmanager sends again after the crash is known.
      const [answer] = await ledger().accept(
        [toCapture(`${must(after('accepted')[0])}-b`)],
        noon + 10 * minute,
      );
      assert.equal(answer?.outcome, 'duplicate');

      // What was interrupted is leased as what it is, and nobody may start it again.
      const now = noon + 10 * minute;
      const interrupted = captures.filter(({ state }) => state === 'capturing').map(({ id }) => id);
      assert.ok(interrupted.length > 0, 'no kill hit a capture');
      const offered: string[] = [];
      for (let next; (next = await ledger().lease('next', now, leaseMs)) !== undefined;) {
        if (next.state !== 'capturing') continue;
        offered.push(next.id);
        const admission = await ledger().admit(next.id, 'next', targetOn('n1', next.id), wide, now);
        assert.deepEqual(admission, { kind: 'lost' });
      }
      assert.deepEqual(offered.toSorted(), interrupted.toSorted());
    });
  });
}
