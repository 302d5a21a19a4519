import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockOf, cpuStatOf, fact, readFacts, skewOf } from '../../../src/profiler/facts.ts';

describe('the output of the scripts', () => {
  it('is read line by line; values may hold equals signs, keys may repeat', () => {
    const facts = readFacts('pid=12\narg=java\narg=-Da=b=c\nnonsense\n=x\n');
    assert.equal(fact(facts, 'pid'), '12');
    assert.deepEqual(facts.get('arg'), ['java', '-Da=b=c']);
    assert.equal(fact(facts, 'nonsense'), null);
    assert.equal(facts.size, 2);
  });

  it('gives the same cpu.stat for both versions of control groups', () => {
    const expected = { usageMicros: 5_000_000, periods: 10, throttledPeriods: 3, throttledMicros: 250 };
    const two = 'cpu.usage_usec=5000000\ncpu.nr_periods=10\ncpu.nr_throttled=3\ncpu.throttled_usec=250';
    const one =
      'cpu.usage_nanos=5000000000\ncpu.nr_periods=10\ncpu.nr_throttled=3\ncpu.throttled_time=250000';
    assert.deepEqual(cpuStatOf(readFacts(two)), expected);
    assert.deepEqual(cpuStatOf(readFacts(one)), expected);
    assert.equal(cpuStatOf(readFacts('cpu.nr_periods=10')), null);
    assert.equal(cpuStatOf(readFacts(`cpu.usage_usec=${'9'.repeat(400)}`)), null);
  });
});

describe('the clock of the target', () => {
  it('is exact where date has nanoseconds, else within a second', () => {
    assert.deepEqual(clockOf('1795399748044833011'), {
      earliest: 1795399748044.833,
      latest: 1795399748044.833,
    });
    assert.deepEqual(clockOf('1795399748%N'), { earliest: 1795399748000, latest: 1795399748999 });
    assert.deepEqual(clockOf('1795399748'), { earliest: 1795399748000, latest: 1795399748999 });
    assert.equal(clockOf(''), null);
    assert.equal(clockOf(null), null);
    assert.equal(clockOf('yesterday'), null);
  });

  it('differs from ours only by what the exec’s duration cannot explain', () => {
    const at = (ms: number) => ({ earliest: ms, latest: ms });
    assert.equal(skewOf(at(1200), 1000, 1300), 0);
    assert.equal(skewOf(at(5300), 1000, 1300), 4000);
    assert.equal(skewOf(at(400), 1000, 1300), -600);
    assert.equal(skewOf({ earliest: 1000, latest: 1999 }, 1900, 2100), 0);
    assert.equal(skewOf({ earliest: 3000, latest: 3999 }, 1900, 2100), 900);
  });
});
