import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readingOf } from '../../../src/flamegraph/reading.ts';
import { namesFound } from '../../../src/flamegraph/names-found.ts';
import { exactQuery, nameMatcher } from '../../../src/flamegraph/search.ts';
import { timeStrip } from '../../../src/flamegraph/time-strip.ts';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import { storedWindow } from '../../given/stored-window.ts';
import { profileOf } from '../../given/profile.ts';

function matches(query: string, name: string): boolean {
  return nameMatcher(query)?.(name) ?? false;
}

describe('searching frames', () => {
  it('finds text in any case', () => {
    assert.ok(matches('ruleset', 'com.acme.RuleSet.scan'));
    assert.ok(!matches('rule set', 'com.acme.RuleSet.scan'));
  });

  it('finds by a regular expression between slashes', () => {
    assert.ok(matches('/Rule.*scan$/', 'com.acme.RuleSet.scan'));
    assert.ok(!matches('/^Rule/', 'com.acme.RuleSet.scan'));
  });

  it('takes a broken expression as text', () => {
    assert.ok(matches('/a(b/', 'x/a(b/y'));
  });

  it('finds nothing for an empty query', () => {
    assert.equal(nameMatcher('  '), null);
    assert.equal(nameMatcher('/'), null);
  });

  it('finds one frame by its quoted name, and none that merely contains it', () => {
    assert.ok(matches('"com.acme.Orders.find"', 'com.acme.Orders.find'));
    assert.ok(!matches('"com.acme.Orders.find"', 'com.acme.Orders.findAll'));
    assert.ok(!matches('"com.acme.Orders.find"', 'com.acme.orders.Find'));
  });

  it('finds names that a table shows cut or without control characters', () => {
    for (const name of ['com.acme.A\u0000\u202eb.run', `com.acme.${'x'.repeat(70_000)}.run`, '"quoted"'])
      assert.ok(matches(exactQuery(name), name));
  });

  it('stays quick on an expression that would stall a backtracking engine', () => {
    assert.ok(!matches('/(a+)+(a+)+(a+)+$/', `${'a'.repeat(5000)}!`));
  });
});

describe('a row of what changed leads to the frames that make up its share', () => {
  for (const fault of ['slow', 'burn', 'lock', 'pool', 'io', 'alloc'])
    for (const event of ['cpu', 'wall', 'alloc', 'lock'] as const)
      it(`${fault}, ${event}`, () => {
        const current = storedWindow(`faults/${fault}`);
        const reading = readingOf(current, []);
        const base = storedWindow('faults/baseline');
        const { changed } = compareProfiles(base, current, { event, baseLabel: 'before' });
        for (const { frame, currentShare } of changed) {
          const names = namesFound(reading, exactQuery(frame))!;
          const found = Uint8Array.from(reading.named.of, (at) =>
            names.has(reading.named.frames[at]!.name) ? 1 : 0,
          );
          const share = timeStrip(reading, event, found).samples / timeStrip(reading, event, null).samples;
          assert.ok(
            Math.abs(share - currentShare) < 0.001,
            `${frame}: ${currentShare}, in the picture ${share}`,
          );
        }
      });

  it('also when it sums up all collectors or all compilers', () => {
    const reading = readingOf(
      profileOf([
        { stack: 'start_thread_[n];GangWorker::loop_[c];G1ParTask::work_[c]', count: 3 },
        { stack: 'start_thread_[n];ConcurrentGCThread::run_[c]', count: 2 },
        {
          stack: 'start_thread_[n];CompileBroker::compiler_thread_loop_[c];C2Compiler::compile_method_[c]',
          count: 1,
        },
        { stack: 'com/acme/A.run;G1CollectedHeap::attempt_allocation_slow_[c]', count: 9 },
      ]),
      [],
    );
    assert.deepEqual(
      [...namesFound(reading, exactQuery('garbage collection'))!],
      ['GangWorker::loop', 'ConcurrentGCThread::run'],
    );
    assert.deepEqual(
      [...namesFound(reading, exactQuery('JIT compilation'))!],
      ['CompileBroker::compiler_thread_loop'],
    );
  });
});
