import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { execContract } from './exec.ts';

execContract('host', () => Promise.resolve({ exec: hostExec(), close: () => Promise.resolve() }), false);

it('kills what a command started when its deadline passes', async () => {
  let shell = '';
  await assert.rejects(
    hostExec().run({
      argv: ['sh', '-c', 'sleep 30 & echo $! >&2; wait'],
      deadlineMs: 2_000,
      maxOutputBytes: 10,
    }),
    (error: Error & { stderr?: string }) => {
      shell = error.stderr?.trim() ?? '';
      return true;
    },
  );
  assert.match(shell, /^\d+$/);
  for (let waited = 0; existsSync(`/proc/${shell}`) && waited < 30_000; waited += 20) await sleep(20);
  assert.equal(existsSync(`/proc/${shell}`), false);
});

it('gives commands nothing of our environment, which may hold secrets', async () => {
  const { stdout } = await hostExec().run({ argv: ['env'], deadlineMs: 30_000, maxOutputBytes: 100_000 });
  assert.deepEqual(
    stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
      .sort(),
    ['LC_ALL', 'PATH'],
  );
});
