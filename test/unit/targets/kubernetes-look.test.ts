import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Exec } from '../../../src/profiler/exec.ts';
import { lookAtCpu } from '../../../src/targets/kubernetes/choice/look.ts';

describe('the look at how much CPU a container uses', () => {
  const cases: [what: string, answer: string, cores: number | null][] = [
    ['0.3 s of half a core', 'first=5000000000\nsecond=5150000000\nbegun=70.10\nended=70.40\n', 0.5],
    [
      'no more cores than were used where sleep knows whole seconds only',
      'first=0\nsecond=500000000\nbegun=9.99\nended=10.99\n',
      0.5,
    ],
    ['nothing from an answer that was cut', 'first=0\nsecond=500000000\nbegun=9.99\n', null],
    ['nothing from a clock that stood still', 'first=0\nsecond=500000000\nbegun=9.99\nended=9.99\n', null],
  ];
  for (const [what, answer, cores] of cases)
    it(`tells ${what}`, async () => {
      const exec: Exec = {
        run: () => Promise.resolve({ exitCode: 0, stdout: Buffer.from(answer), stderr: '' }),
      };
      const seen = await lookAtCpu(exec, AbortSignal.timeout(1_000));
      assert.equal(seen === null ? null : Math.round(seen * 1000) / 1000, cores);
    });
});
