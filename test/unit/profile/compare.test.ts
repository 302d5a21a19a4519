import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import { comparisonSchema, type Comparison } from '../../../src/profile/comparison/comparison.ts';
import { changeFigures } from '../../../src/profile/comparison/headline.ts';
import type { Profile, ProfileEvent } from '../../../src/profile/profile.ts';
import { syntheticProfile, type SyntheticSample } from '../../given/profile.ts';

const handler = [
  'java/lang/Thread.run',
  'com/acme/shop/CheckoutHandler.handle',
  'com/acme/shop/CheckoutService.price',
];
const scan = [
  ...handler,
  'com/acme/shop/RuleSet.scan',
  'com/acme/shop/RuleSet.matches',
  'java/util/regex/Matcher.find',
];
const json = [...handler, 'com/acme/shop/Json.write'];
const orders = ['java/lang/Thread.run', 'com/acme/shop/OrdersHandler.handle', 'com/acme/shop/Orders.find'];

const compare = (base: Profile, current: Profile, event: ProfileEvent = 'cpu'): Comparison =>
  comparisonSchema.parse(compareProfiles(base, current, { event, baseLabel: 'baseline Tue 14:00' }));
const significant = (comparison: Comparison): Comparison['changed'] =>
  comparison.changed.filter((row) => row.significant);
const quiet = [
  { stack: json, count: 6 },
  { stack: orders, count: 4 },
  { stack: scan, count: 1 },
];

describe('two profiles of the same load', () => {
  it('are reported as unchanged, with the change that would have been seen', () => {
    const found = compare(syntheticProfile(quiet), syntheticProfile(quiet));
    assert.deepEqual(significant(found), []);
    assert.equal(
      found.headline,
      'cpu: nothing changed beyond noise vs baseline Tue 14:00 (330 and 330 samples: a change under 12% of cpu would not show)',
    );
  });

  it('are not called changed because of one burst', () => {
    // As many samples as a regression of 12 points, but all in one second of fifteen.
    const burst = [...quiet, { stack: scan, count: 22, slots: [8, 9] }];
    assert.deepEqual(significant(compare(syntheticProfile(quiet), syntheticProfile(burst))), []);
  });

  it('with twice the load say so, and blame no frame', () => {
    const twice = quiet.map((sample) => ({ ...sample, count: sample.count * 2 }));
    const found = compare(syntheticProfile(quiet), syntheticProfile(twice));
    assert.deepEqual(significant(found), []);
    assert.match(found.headline, /^cpu: more of the same work, 0\.22 → 0\.44 cores in total/);
  });

  it('of different length are compared by rate, not by count', () => {
    const found = compare(syntheticProfile(quiet, { seconds: 30 }), syntheticProfile(quiet, { seconds: 15 }));
    assert.deepEqual(significant(found), []);
  });
});

describe('a method that became slow', () => {
  const slow = [...quiet.slice(0, 2), { stack: scan, count: 8 }];
  const found = compare(syntheticProfile(quiet), syntheticProfile(slow));

  it('gets one line, that names the lowest frame that carries it', () => {
    assert.deepEqual(
      significant(found).map((row) => [row.frame, row.mostly]),
      [['com.acme.shop.RuleSet.matches', null]],
    );
  });

  it('has its share now and before in the sentence, and its interval and cores in the figures', () => {
    assert.equal(
      found.headline,
      '44% of CPU time is spent in RuleSet.matches, called by CheckoutService.price; healthy: 9%',
    );
    assert.equal(
      changeFigures(found.changed[0]!, found.baseLabel),
      '+35 ±5 pp vs baseline Tue 14:00; 0.020 → 0.160 cores (+0.120 to +0.160)',
    );
  });

  it('is not reported as the entry point of busy threads', () => {
    const native = (name: string, count: number): SyntheticSample => ({
      stack: ['clone3', 'start_thread', 'Thread::call_run', name],
      count,
    });
    const idle = ['VMThread::run', 'WatcherThread::run', 'Monitor::wait', 'os::sleep', 'Unsafe_Park'];
    const before = [...quiet, ...idle.map((name) => native(name, 1))];
    const { changed, changedFrames } = compare(syntheticProfile(before), syntheticProfile(quiet));
    assert.ok(changed.every((row) => !/call_run|start_thread|clone/.test(row.frame)));
    assert.ok(changedFrames.shrank.every((frame) => !/call_run|start_thread|clone/.test(frame)));
  });

  it('never contradicts a sentence about the total', () => {
    const native = ['start_thread', 'Thread::call_run', 'WatcherThread::run'];
    const base = [...quiet, { stack: native, count: 1 }];
    const twice = quiet.map((sample) => ({ ...sample, count: sample.count * 3 }));
    const { headline, changed } = compare(syntheticProfile(base), syntheticProfile(twice));
    assert.ok(changed.some((row) => row.significant && row.kind !== 'application'));
    assert.match(headline, /^cpu: more of the same work, .*; no application frame stands out/);
  });

  it('does not make others look improved: their share fell, their cores did not', () => {
    assert.ok(found.changed.every((row) => row.deltaShare > 0 || !row.significant));
    const written = found.changed.find(({ frame }) => frame.endsWith('Json.write'));
    assert.equal(written?.change, 'pushed-aside');
    const again = compare(syntheticProfile(quiet), syntheticProfile(quiet));
    assert.ok(again.changed.every((row) => row.change === 'same'));
  });

  it('is named itself, also where its caller does nearly nothing else', () => {
    const onlyPrices = [
      { stack: orders, count: 9 },
      { stack: scan, count: 1 },
    ];
    const slower = [
      { stack: orders, count: 9 },
      { stack: scan, count: 8 },
    ];
    const { headline } = compare(syntheticProfile(onlyPrices), syntheticProfile(slower));
    assert.equal(
      headline,
      '47% of CPU time is spent in RuleSet.matches, called by CheckoutService.price; healthy: 10%',
    );
  });

  it('is found when only the numbers of generated classes differ', () => {
    const through = (lambda: string): SyntheticSample[] => [
      { stack: ['java/lang/Thread.run', lambda, 'com/acme/shop/Json.write'], count: 8 },
    ];
    const before = syntheticProfile(through('com/acme/shop/Shop$$Lambda$12/0x0000000800c01000.run'));
    const after = syntheticProfile(through('com/acme/shop/Shop$$Lambda$99/0x0000000800d0aa00.run'));
    assert.deepEqual(significant(compare(before, after)), []);
  });

  it('counts once per stack however deep it recurses', () => {
    const deep = [...handler, ...new Array<string>(5).fill('com/acme/shop/Tree.walk')];
    const found = compare(syntheticProfile(quiet), syntheticProfile([...quiet, { stack: deep, count: 8 }]));
    const row = significant(found).find((one) => `${one.frame} ${one.mostly}`.includes('Tree.walk'));
    assert.ok(row && row.currentShare <= 1 && Math.abs(row.currentCores - 0.16) < 0.001);
  });
});

describe('each row', () => {
  const rowOf = (found: Comparison, frame: string): Comparison['changed'][number] => {
    const row = found.changed.find((one) => one.frame.endsWith(frame));
    assert.ok(row, `${frame} among ${found.changed.map((one) => one.frame).join(', ')}`);
    return row;
  };

  it('of twice the load grew with the load', () => {
    const twice = quiet.map((sample) => ({ ...sample, count: sample.count * 2 }));
    const { changed } = compare(syntheticProfile(quiet), syntheticProfile(twice));
    assert.ok(changed.length > 2 && changed.every((row) => row.change === 'grew-with-load'));
  });

  it('of half the load is less', () => {
    const twice = quiet.map((sample) => ({ ...sample, count: sample.count * 2 }));
    const { changed, headline } = compare(syntheticProfile(twice), syntheticProfile(quiet));
    assert.ok(changed.length > 2 && changed.every((row) => row.change === 'less' && !row.significant));
    assert.match(headline, /^cpu: less of the same work/);
  });

  it('whose rate rose sixfold is more, though something else took its share', () => {
    const slower = [
      { stack: json, count: 6 },
      { stack: orders, count: 24 },
      { stack: scan, count: 200 },
    ];
    const found = compare(syntheticProfile(quiet), syntheticProfile(slower));
    const row = rowOf(found, 'Orders.find');
    assert.ok(row.deltaShare < -0.2 && row.currentCores / row.baseCores > 5.9);
    assert.equal(row.change, 'more');
    assert.ok((row.deltaCoresLow ?? 0) > 0);
  });

  it('is not called unchanged in its rate where nobody could tell', () => {
    // Six times the rate, in bursts: the test of the rate decides nothing, so nothing is claimed of it.
    const found = compare(
      syntheticProfile([...quiet, { stack: [...orders, 'com/acme/shop/Mapper.map'], count: 3, slots: [3] }]),
      syntheticProfile([
        { stack: scan, count: 60 },
        { stack: orders, count: 4 },
        { stack: [...orders, 'com/acme/shop/Mapper.map'], count: 90, slots: [3, 9] },
      ]),
    );
    for (const row of found.changed)
      if (row.change === 'pushed-aside')
        assert.ok(row.deltaCoresLow! <= 0 && row.deltaCoresHigh! >= 0, JSON.stringify(row));
  });

  it('has an interval of its rate that says the same as its word', () => {
    const slow = [...quiet.slice(0, 2), { stack: scan, count: 8 }];
    const row = rowOf(compare(syntheticProfile(quiet), syntheticProfile(slow)), 'RuleSet.matches');
    assert.equal(row.change, 'more');
    assert.ok(row.deltaCoresLow! > 0 && row.deltaCoresLow! < 0.14 && row.deltaCoresHigh! >= 0.14);
  });
});

describe('several causes', () => {
  it('get one line each, largest first', () => {
    const both = [
      { stack: json, count: 6 },
      { stack: scan, count: 9 },
      { stack: orders, count: 10 },
      { stack: [...orders, 'com/acme/shop/Mapper.map'], count: 12 },
    ];
    const base = [
      { stack: json, count: 20 },
      { stack: scan, count: 1 },
      { stack: orders, count: 10 },
    ];
    const names = significant(compare(syntheticProfile(base), syntheticProfile(both))).map(
      (row) => row.frame,
    );
    assert.deepEqual(names.slice(0, 3).sort(), [
      'com.acme.shop.Json.write',
      'com.acme.shop.Mapper.map',
      'com.acme.shop.RuleSet.matches',
    ]);
  });

  it('outside the application are named for what they are', () => {
    const collecting = ['start_thread', 'GangWorker::run', 'G1ParEvacuateFollowersClosure::do_void'];
    const found = compare(
      syntheticProfile(quiet),
      syntheticProfile([...quiet, { stack: collecting, count: 9, thread: 'GC Thread#0' }]),
    );
    assert.equal(found.headline, '45% of CPU time is spent in garbage collection; healthy: 0%');
  });
});

describe('waits for a lock that became longer', () => {
  it('are reported by their time, since shares count waits', () => {
    const locks = (milliseconds: number): Profile =>
      syntheticProfile([
        { event: 'lock', stack: json, count: 50, value: 1.2e6 },
        { event: 'lock', stack: orders, count: 3, value: milliseconds * 1e6 },
      ]);
    assert.match(
      compare(locks(2), locks(120), 'lock').headline,
      /^86% of lock waiting is in Orders\.find: 0\.72 threads blocked on average; healthy: 9%$/,
    );
  });
});

describe('waiting', () => {
  const wait = [
    'java/util/concurrent/locks/LockSupport.park',
    'jdk/internal/misc/Unsafe.park',
    'Parker::park',
  ];
  const pooled = [
    'java/lang/Thread.run',
    'java/util/concurrent/ThreadPoolExecutor.runWorker',
    'com/acme/shop/CheckoutHandler.handle',
    'com/acme/shop/OrderRepository.find',
  ];
  const wall = (stack: readonly string[], count: number): SyntheticSample => ({
    event: 'wall',
    stack,
    count,
    value: 50_000_000,
  });
  const idle = wall([...pooled.slice(0, 2), 'java/util/concurrent/ThreadPoolExecutor.getTask', ...wait], 140);

  it('for a connection is named after the pool, with the caller, and idle threads do not dilute it', () => {
    const base = syntheticProfile([wall([...pooled, 'com/acme/shop/Mapper.map'], 10), idle]);
    const waiting = [
      ...pooled,
      'com/zaxxer/hikari/HikariDataSource.getConnection',
      'com/zaxxer/hikari/pool/HikariPool.getConnection',
      'com/zaxxer/hikari/util/ConcurrentBag.borrow',
      ...wait,
    ];
    const current = syntheticProfile([
      wall([...pooled, 'com/acme/shop/Mapper.map'], 10),
      wall(waiting, 30),
      idle,
    ]);
    const found = compare(base, current, 'wall');
    assert.equal(
      found.headline,
      '75% of the time waits for a pooled connection (HikariPool.getConnection, called by OrderRepository.find); healthy: 0%',
    );
    assert.equal(found.currentSamples, 40 * 30);
  });

  it('for many things in one place is named after the place, with the largest of them', () => {
    const usual = [wall(pooled.slice(0, 3), 30), idle];
    const small = Array.from({ length: 10 }, (_, one) => wall([...pooled, `com/acme/shop/Query.${one}`], 1));
    const waiting = wall([...pooled, 'com/acme/shop/ConnectionPool.getConnection', ...wait], 24);
    assert.match(
      compare(syntheticProfile(usual), syntheticProfile([...usual, ...small, waiting]), 'wall').headline,
      /^53% of the time is spent in OrderRepository\.find, mostly ConnectionPool\.getConnection; healthy: 0%$/,
    );
  });
});

describe('several baselines', () => {
  it('show their spread, and what lies within it is not called changed', () => {
    const usual = [
      { stack: json, count: 6 },
      { stack: orders, count: 4 },
      { stack: scan, count: 8 },
    ];
    const options = { event: 'cpu', baseLabel: 'baselines' } as const;
    const alone = compareProfiles(syntheticProfile(quiet), syntheticProfile(usual), options);
    assert.equal(significant(alone).length, 1);
    const among = compareProfiles(syntheticProfile(quiet), syntheticProfile(usual), {
      ...options,
      otherBaselines: [syntheticProfile(usual)],
    });
    assert.deepEqual(significant(among), []);
    const row = among.changed.find((one) => one.frame.endsWith('RuleSet.scan'));
    assert.ok(row?.spread && row.spread.low < 0.1 && row.spread.high > 0.4);
  });
});

describe('an event that one of the profiles lacks', () => {
  const waits: SyntheticSample = { event: 'lock', stack: orders, count: 3, value: 20e6 };
  const of = (samples: readonly SyntheticSample[], withoutSamples?: ProfileEvent[]): Profile =>
    syntheticProfile([...quiet, ...samples], withoutSamples && { profile: { withoutSamples } });

  it('is new where it was recorded and nothing of it happened', () => {
    const sentence =
      /^100% of lock waiting is in Orders\.find, called by OrdersHandler\.handle: 0\.120 threads blocked on average; healthy: 0%$/;
    assert.match(compare(of([], ['lock']), of([waits], []), 'lock').headline, sentence);
    assert.match(compare(of([]), of([waits]), 'lock').headline, sentence, 'a recording that does not say');
  });

  it('is gone where it was recorded and no longer happens', () => {
    assert.match(
      compare(of([waits], []), of([], ['lock']), 'lock').headline,
      /^0% of lock waiting is in Orders\.find, called by OrdersHandler\.handle, down from 100%$/,
    );
  });

  it('is not compared where it was not recorded', () => {
    const found = compare(of([], []), of([waits], []), 'lock');
    assert.equal(found.headline, 'lock: cannot be compared, it was not recorded in baseline Tue 14:00');
    assert.deepEqual(found.changed, []);
    assert.equal(
      compare(of([waits], []), of([], []), 'lock').headline,
      'lock: cannot be compared, it was not recorded this time',
    );
    assert.equal(compare(of([], []), of([], []), 'lock').headline, 'lock: recorded in neither profile');
  });
});

describe('windows of hours', () => {
  const slots = [0, 40_000, 80_000];
  const day = (seconds: number, count: number): Profile =>
    syntheticProfile(
      [
        { stack: json, count: 400, slots },
        { stack: scan, count, slots },
      ],
      { seconds: 1, profile: { durationSeconds: seconds } },
    );

  it('are compared by the same rates, whatever their length', () => {
    const { headline, baseTotal, currentTotal } = compare(day(43_200, 100), day(86_400, 200));
    assert.match(headline, /^\d+% of CPU time|^cpu: /);
    assert.ok(Math.abs(baseTotal - (1500 * 0.01) / 43_200) < 1e-9, String(baseTotal));
    assert.ok(Math.abs(currentTotal - (1800 * 0.01) / 86_400) < 1e-9, String(currentTotal));
  });

  it('and of centuries, as a damaged header may claim, take no more memory', () => {
    assert.match(compare(day(9e9, 100), day(9e9, 100)).headline, /nothing changed/);
  });
});

describe('nothing to compare', () => {
  it('is reported, not guessed', () => {
    const empty = syntheticProfile([]);
    assert.equal(compare(empty, empty).headline, 'cpu: no samples in either profile');
    assert.equal(
      compare(syntheticProfile(quiet), empty).headline,
      'cpu: cannot be compared, 330 samples in baseline Tue 14:00 and 0 now',
    );
  });
});
