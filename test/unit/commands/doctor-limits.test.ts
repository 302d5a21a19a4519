import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { lookAtLimits } from '../../../src/commands/doctor-limits.ts';
import { loadConfiguration } from '../../../src/config/load.ts';

const mebibyte = 1024 ** 2;
const configuration = loadConfiguration(undefined, {});
const directory = join(tmpdir(), 'flamepin-not-there-yet');
const places = {
  ledger: { kind: 'sqlite' as const, path: join(directory, 'flamepin.db') },
  storage: { kind: 'filesystem' as const, directory },
};

describe('doctor compares the limits with', () => {
  const failing = (limits: Partial<typeof configuration.limits>, memory: number) =>
    lookAtLimits({ ...places, limits: { ...configuration.limits, ...limits } }, memory)
      .filter(({ ok }) => !ok)
      .map(({ what, mend }) => [what, mend]);

  it('the memory that flamepin may use: the defaults fit the gigabyte of the chart, and no bound is as good', () => {
    assert.deepEqual(failing({}, 1024 * mebibyte), []);
    assert.deepEqual(failing({}, 0), []);
    const [[what, mend] = []] = failing({ total: 16 }, 1024 * mebibyte);
    assert.equal(what, 'limits (memory)');
    assert.match(mend ?? '', /Lower limits.total/);
  });

  it('the room on the disks of ledger and store, also before the first start', () => {
    const far = 1024 ** 6;
    assert.deepEqual(
      failing({ recordingBytes: far }, 0).map(([what]) => what),
      ['limits (disk of the ledger)', 'limits (disk of the store)'],
    );
  });
});
