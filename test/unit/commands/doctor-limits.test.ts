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
      .map(({ what, remedy }) => [what, remedy]);

  it('flamepin’s memory, against what reading a recording was measured to take', () => {
    assert.deepEqual(failing({}, 1024 * mebibyte), [], 'the defaults fit the gigabyte of the chart');
    assert.deepEqual(failing({ total: 200 }, 1024 * mebibyte), [], 'what comes at once waits its turn');
    const [[what, remedy] = []] = failing({ maxRecordingBytes: 128 * mebibyte }, 1024 * mebibyte);
    assert.equal(what, 'limits (memory)');
    const needed = Number(/^Give flamepin (\d+) MiB of memory/.exec(remedy ?? '')?.[1]);
    assert.deepEqual(failing({ maxRecordingBytes: 128 * mebibyte }, needed * mebibyte), []);
    assert.notDeepEqual(failing({ maxRecordingBytes: 128 * mebibyte }, (needed - 10) * mebibyte), []);
  });

  it('free space for ledger and store, even before the first start', () => {
    const far = 1024 ** 6;
    assert.deepEqual(
      failing({ maxRecordingBytes: far }, far ** 2).map(([what]) => what),
      ['limits (ledger disk)', 'limits (store disk)'],
    );
  });
});
