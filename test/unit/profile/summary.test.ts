import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderSvg } from '../../../src/flamegraph/svg.ts';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import { causeKind, causeKinds } from '../../../src/profile/comparison/cause-kind.ts';
import type { Comparison } from '../../../src/profile/comparison/comparison.ts';
import { nextStep } from '../../../src/profile/answer/next-steps.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import { answer, type AnswerInput, type ProfileAnswer } from '../../../src/profile/answer/summary.ts';
import { syntheticProfile, type SyntheticSample } from '../../given/profile.ts';

const pool = ['java/lang/Thread.run', 'java/util/concurrent/ThreadPoolExecutor.runWorker'];
const park = ['java/util/concurrent/locks/LockSupport.park', 'jdk/internal/misc/Unsafe.park', 'Parker::park'];
const checkout = [...pool, 'com/acme/shop/Timed.handle', 'com/acme/shop/CheckoutHandler.handle'];
const orders = [...pool, 'com/acme/shop/Timed.handle', 'com/acme/shop/OrdersHandler.handle'];
const compiler = ['start_thread', 'CompileBroker::compiler_thread_loop', 'C2Compiler::compile_method'];
const wall = (stack: SyntheticSample['stack'], count: number): SyntheticSample => ({
  event: 'wall',
  stack,
  count,
  value: 50_000_000,
});
/** Seen at work, not waiting. */
const running = (stack: SyntheticSample['stack'], count: number): SyntheticSample => ({
  ...wall(stack, count),
  state: 'runnable',
});
const idle = wall([...pool, 'java/util/concurrent/ThreadPoolExecutor.getTask', ...park], 80);

/** /checkout waits for a connection, /orders for another service; most threads are idle. */
const waiting = syntheticProfile([
  wall([...checkout, 'com/acme/shop/Orders.find', 'com/acme/shop/ConnectionPool.getConnection', ...park], 9),
  running([...checkout, 'com/acme/shop/RuleSet.scan'], 1),
  wall(
    [
      ...orders,
      'com/acme/shop/StockClient.ask',
      'java/net/Socket$SocketInputStream.read',
      'sun/nio/ch/Net.poll',
    ],
    10,
  ),
  idle,
  { stack: [...checkout, 'com/acme/shop/RuleSet.scan'], count: 5 },
  {
    stack: compiler,
    count: 5,
    thread: 'C2',
  },
]);

function ask(profile: Profile, more: Partial<AnswerInput> = {}): ProfileAnswer {
  return answer({
    profile,
    event: 'wall',
    labels: {},
    startsAt: null,
    durationSeconds: 15,
    comparison: null,
    cpuThrottling: null,
    targetStartedAt: null,
    ...more,
  });
}
const says = (found: ProfileAnswer, words: RegExp): void => {
  assert.ok(
    found.lines.some((line) => words.test(line)),
    `no line says ${words}:\n${found.lines.join('\n')}`,
  );
};

describe('a latency alert without a baseline', () => {
  const found = ask(waiting);

  it('names where most of the time waits, without idle threads', () => {
    assert.equal(
      found.headline,
      '50% of the time waits for an answer in StockClient.ask, called by OrdersHandler.handle: 1.00 threads',
    );
    assert.equal(found.samples, 20 * 30);
  });

  it('says how the time divides and what was left out', () => {
    says(found, /^Time: 50% waiting for answers, 45% parked, 5% running; 2\.00 threads active on average\.$/);
    says(found, /^Idle threads \(80% of all wall samples\) are left out\.$/);
    says(found, /^cpu: 0\.200 cores, of which 50% application, 50% JIT compilation\.$/);
  });

  it('names the service that is waited for', () => {
    says(found, /^Next: look at the latency and errors of the service behind StockClient\.ask at this time/);
  });

  it('names code that somebody wrote, not the proxies around it', () => {
    for (const proxy of ['com/acme/shop/$Proxy12.find', 'com/acme/shop/Orders$$SpringCGLIB$$0.find']) {
      const found = ask(
        syntheticProfile([wall([...checkout, proxy, 'com/acme/shop/Orders.find', ...park], 9)]),
      );
      assert.match(
        found.headline,
        /^100% of the time waits in Orders\.find, called by CheckoutHandler\.handle/,
      );
      assert.ok(!found.topFrames.some(({ name }) => /Proxy|CGLIB/.test(name)));
    }
  });

  it('lists the widest application frames, not those that only pass calls on', () => {
    assert.deepEqual(
      found.topFrames.map((frame) => frame.name),
      [
        'com.acme.shop.Timed.handle',
        'com.acme.shop.CheckoutHandler.handle',
        'com.acme.shop.StockClient.ask',
        'com.acme.shop.ConnectionPool.getConnection',
        'com.acme.shop.RuleSet.scan',
      ],
    );
  });
});

describe("the alert's own labels", () => {
  it('choose which part of the service is looked at, and say which frames', () => {
    const found = ask(waiting, { labels: { uri: '/checkout', method: 'GET', severity: 'critical' } });
    assert.equal(
      found.headline,
      "90% of /checkout's time waits for a pooled connection (ConnectionPool.getConnection, called by Orders.find): 0.90 threads",
    );
    says(found, /^uri="\/checkout" is served by CheckoutHandler\.handle: 50% of wall samples\.$/);
  });

  it('understand path templates and handler names', () => {
    for (const labels of [{ route: '/api/v1/orders/{id}' }, { handler: 'OrdersHandler#handle' }]) {
      assert.match(ask(waiting, { labels }).headline, /waits for an answer in StockClient\.ask/);
    }
  });

  it('that cannot be recognised are reported', () => {
    const found = ask(waiting, { labels: { uri: '/gift-cards' } });
    says(found, /^Could not tell which frames serve uri="\/gift-cards": the whole process is described\.$/);
    assert.equal(found.headline, ask(waiting).headline);
  });

  it('that are only an HTTP verb choose nothing', () => {
    assert.deepEqual(ask(waiting, { labels: { method: 'POST' } }), ask(waiting));
  });

  it('are text: no control characters, no great length', () => {
    const found = ask(waiting, { labels: { uri: `/checkout\u001b[31m\n${'x'.repeat(5000)}` } });
    const text = [found.headline, ...found.lines].join('');
    assert.ok(!/\p{Cc}/u.test(text) && text.length < 2000);
  });
});

describe('what is not code', () => {
  it('a CPU limit that throttles most periods comes first', () => {
    const cpuThrottling = { periods: 150, throttledPeriods: 120, throttledMicros: 9_300_000 };
    const found = ask(waiting, { cpuThrottling });
    assert.equal(
      found.headline,
      'cpu limit: throttled in 80% of its periods (9.3 s of waiting in this window, over all processors)',
    );
    assert.equal(found.confidence, 'likely');
    // And what the code did meanwhile, for whoever must spend less.
    says(found, /^50% of the time waits for an answer in StockClient\.ask/);
    says(found, /^Next: compare the container's CPU limit/);
  });

  it('some throttling is a line, next to none is not worth one', () => {
    says(
      ask(waiting, { cpuThrottling: { periods: 150, throttledPeriods: 30, throttledMicros: 1e6 } }),
      /throttled in 20%/,
    );
    const none = ask(waiting, { cpuThrottling: { periods: 150, throttledPeriods: 2, throttledMicros: 1e4 } });
    assert.ok(!none.lines.some((line) => line.includes('throttled')));
  });

  it('pauses of the collector', () => {
    const pause = { atMs: 100, durationMs: 900, name: 'G1 Full GC' };
    const paused = {
      ...waiting,
      gcPauses: [pause, { ...pause, atMs: 3000 }, { ...pause, atMs: 6000 }, { ...pause, atMs: 9000 }],
    };
    assert.equal(
      ask(paused).headline,
      'garbage collection stopped the JVM for 24% of the window (4 pauses, longest 900 ms)',
    );
    says(ask({ ...waiting, gcPauses: [pause] }), /stopped the JVM for 6%/);
  });

  it('pauses of the collector, where only the wall clock saw them', () => {
    const loop = ['VMThread::run', 'VMThread::inner_execute', 'VM_Operation::evaluate'];
    const vmThread = { event: 'wall', thread: 'VM Thread', state: 'sleeping' } as const;
    const looks = (operation: string, count: number): SyntheticSample => ({
      ...vmThread,
      stack: [...loop, operation, 'G1CollectedHeap::do_collection_pause_at_safepoint'],
      count,
    });
    const idle: SyntheticSample = {
      ...vmThread,
      stack: ['VMThread::run', 'VMThread::wait_for_operation'],
      count: 5,
    };
    const serving = running([...checkout, 'com/acme/shop/RuleSet.scan'], 10);
    assert.equal(
      ask(syntheticProfile([serving, idle, looks('VM_G1CollectForAllocation::doit', 5)])).headline,
      'garbage collection stopped the JVM for about 50% of the window (its VM thread was collecting in 150 of 300 samples)',
    );
    says(
      ask(syntheticProfile([serving, idle, looks('VM_G1CollectForAllocation::doit', 1)])),
      /stopped the JVM for about 17%/,
    );
    for (const other of ['VM_ThreadDump::doit', 'VM_GC_HeapInspection::doit'])
      assert.doesNotMatch(ask(syntheticProfile([serving, idle, looks(other, 3)])).headline, /garbage/);
  });

  it('no pauses where the processor was sampled, which never sees a thread wait', () => {
    const collecting: SyntheticSample = {
      event: 'wall',
      thread: 'VM Thread',
      state: 'runnable',
      stack: ['VMThread::run', 'VM_GenCollectForAllocation::doit'],
      count: 5,
    };
    const serving = { ...wall([...checkout, 'com/acme/shop/RuleSet.scan'], 10), state: 'runnable' as const };
    const found = ask(syntheticProfile([serving, collecting]));
    for (const sentence of [found.headline, ...found.lines]) assert.doesNotMatch(sentence, /stopped the JVM/);
  });

  it('a JVM that started shortly before the alert, and compiles', () => {
    const young = { startsAt: '2026-01-06T14:00:00Z', targetStartedAt: '2026-01-06T13:56:00Z' };
    const compiling = syntheticProfile([
      running([...checkout, 'com/acme/shop/RuleSet.scan'], 10),
      { stack: [...checkout, 'com/acme/shop/RuleSet.scan'], count: 20 },
      { stack: compiler, count: 40, thread: 'C2' },
    ]);
    assert.match(
      ask(compiling, young).headline,
      /^the JVM started 4 minutes before the alert; JIT compilation takes 67% of its cpu$/,
    );
    // Half of 0.2 cores slows nobody down: what the requests wait for comes first.
    const found = ask(waiting, young);
    assert.match(found.headline, /^50% of the time /);
    says(found, /^The JVM started 4 minutes before the alert; JIT compilation takes 50% of its cpu\.$/);
    const old = ask(waiting, { startsAt: '2026-01-06T14:00:00Z', targetStartedAt: '2026-01-05T14:00:00Z' });
    assert.ok(!old.lines.some((line) => line.includes('started')));
  });

  it('a JVM that started only after the alert', () => {
    const found = ask(waiting, { startsAt: '2026-01-06T14:00:00Z', targetStartedAt: '2026-01-06T14:01:00Z' });
    says(found, /^This process started after the alert/);
  });
});

describe('a machine without a free processor', () => {
  const load = (jvm: number, machine: number): Partial<Profile> => ({
    cpuLoad: [0, 1, 2, 3].map((second) => ({ atMs: second * 1000, jvm, machine })),
  });
  const scanning = [...checkout, 'com/acme/shop/RuleSet.scan'];
  /** Four threads that want to run, and get 0.4 cores. */
  const starved = [
    { ...wall(scanning, 40), state: 'runnable' as const },
    { stack: scanning, count: 20 },
    idle,
  ];
  const busy = (jvm = 0.2, machine = 1): Profile =>
    syntheticProfile(starved, { profile: load(jvm, machine) });

  it('comes first where it is what requests wait for, with what runs', () => {
    const found = ask(busy());
    assert.equal(
      found.headline,
      'the machine is at 100% CPU, 20% of it by this JVM: 4.00 threads want to run, and get 0.40 cores; ' +
        '100% of the time is spent running in RuleSet.scan, called by CheckoutHandler.handle: 4.00 threads',
    );
    says(found, /^Next: look at what else runs on this machine/);
  });

  it('that this JVM fills itself calls for less work', () => {
    says(ask(busy(0.9)), /^Next: spend less CPU/);
  });

  it('is only a line where requests wait for something else', () => {
    const found = ask({ ...waiting, ...load(0.2, 1) });
    assert.match(found.headline, /^50% of the time waits for an answer/);
    says(found, /^The machine is at 100% CPU, 20% of it by this JVM/);
  });

  it('is no cause where it was as busy in the baseline', () => {
    const before = syntheticProfile([{ ...wall(checkout, 10), state: 'runnable' }, idle], {
      profile: load(0.2, 1),
    });
    const options = { event: 'wall', baseLabel: 'baseline Tue 14:00' } as const;
    const compared = ask(busy(), { comparison: compareProfiles(before, busy(), options) });
    assert.match(compared.headline, /^100% of the time is spent running in RuleSet\.scan/);
    const calm = { ...before, ...load(0.2, 0.4) };
    const slowed = ask(busy(), { comparison: compareProfiles(calm, busy(), options) });
    assert.match(slowed.headline, /^the machine is at 100% CPU, .*; 100% of the time is spent running in /);
  });

  it('is not claimed of a machine with a free processor', () => {
    const found = ask(busy(0.2, 0.8));
    for (const sentence of [found.headline, ...found.lines]) assert.doesNotMatch(sentence, /machine/);
  });
});

describe('what the sentence leads with', () => {
  const baseLabel = 'baseline Tue 14:00';
  const serving = [wall([...checkout, 'com/acme/shop/RuleSet.scan'], 20), idle];
  const allocating = (bytes: number): SyntheticSample => ({
    event: 'alloc',
    stack: [...checkout, 'com/acme/shop/Receipt.render'],
    count: 20,
    value: bytes,
  });

  it('holds an event that changed beyond the lead one', () => {
    const before = syntheticProfile([...serving, allocating(500)]);
    const after = syntheticProfile([...serving, allocating(500_000), allocating(500_000)]);
    const of = (event: 'wall' | 'alloc'): Comparison => compareProfiles(before, after, { event, baseLabel });
    const found = ask(after, { comparison: of('wall'), otherComparisons: [of('alloc')] });
    assert.match(found.headline, /^wall: nothing changed beyond noise/);
    assert.match(found.headline, /; but alloc in total 20\.0 kB\/s → 40\.0 MB\/s$/);
  });

  it('is never the JIT of a JVM that hardly runs', () => {
    const compiling = syntheticProfile([
      { stack: compiler, count: 3, thread: 'C2' },
      { stack: [...checkout, 'com/acme/shop/RuleSet.scan'], count: 1 },
    ]);
    assert.match(ask(compiling, { event: 'cpu' }).headline, /^25% of CPU time is spent in RuleSet\.scan/);
    const calm = syntheticProfile([{ stack: [...checkout, 'com/acme/shop/RuleSet.scan'], count: 1 }]);
    const comparison = compareProfiles(calm, compiling, { event: 'cpu', baseLabel });
    assert.doesNotMatch(ask(compiling, { event: 'cpu', comparison }).headline, /^\d+% of .*JIT/);
  });

  it('is request time where a server serves', () => {
    const serves = [...pool, 'jakarta/servlet/http/HttpServlet.service', 'com/acme/shop/Cart.show', ...park];
    assert.match(
      ask(syntheticProfile([wall(serves, 20), idle])).headline,
      /^100% of request time waits in Cart\.show/,
    );
  });
});

describe('the next step', () => {
  it('is one for each kind of cause, and names what it is about', () => {
    for (const kind of causeKinds) {
      const step = nextStep(kind, 'Orders.$&find', 'Cart.pay');
      assert.match(step, /^Next: (?:look|compare|spend|open) .*\.$/);
      assert.doesNotMatch(step, /[{}]/);
    }
    assert.match(nextStep('downstream', 'Orders.$&find', null), /behind Orders\.\$&find at this time/);
  });

  it('follows the wait, whatever its library is called in this build', () => {
    for (const [frame, kind] of [
      ['com.zaxxer.hikari.pool.HikariPool.getConnection', 'pool-exhausted'],
      ['com.acme.shaded.com.zaxxer.hikari.pool.HikariPool.getConnection', 'pool-exhausted'],
      ['com.acme.shop.ClientPool.borrow', 'pool-exhausted'],
      ['org.postgresql.core.v3.QueryExecutorImpl.execute', 'database'],
      ['com.acme.shop.Orders.find', 'waiting'],
    ] as const)
      assert.equal(causeKind('wall', frame, 'parked'), kind, frame);
    assert.equal(causeKind('wall', 'com.acme.shop.ClientPool.borrow', 'running'), 'running');
  });
});

describe('what cannot be seen is stated', () => {
  it('few samples', () => {
    const found = ask(
      syntheticProfile([running([...checkout, 'com/acme/shop/RuleSet.scan'], 1)], { seconds: 5 }),
      {
        durationSeconds: 5,
      },
    );
    says(found, /^Few samples \(10\): shares are uncertain by up to ±31 points\.$/);
    assert.equal(found.confidence, 'unknown');
  });

  it('no samples at all', () => {
    const found = ask(syntheticProfile([]), { event: 'lock' });
    assert.equal(found.headline, 'lock: no samples');
    says(found, /^No lock samples/);
  });

  it('virtual threads', () => {
    const found = ask(syntheticProfile([wall(['java/lang/VirtualThread.run', ...checkout], 20)]));
    says(found, /^Virtual threads are in use/);
  });

  it('a recording that ended early', () => {
    says(
      ask({ ...waiting, partial: true }, { durationSeconds: 30 }),
      /^The recording is incomplete: 15 s of 30 s/,
    );
  });

  describe('code without line numbers', () => {
    const withLines = (profile: Profile, hasLine: (name: string) => boolean): Profile => ({
      ...profile,
      stacks: {
        ...profile.stacks,
        line: profile.stacks.frame.map((frame) => (hasLine(profile.frames.name[frame]!) ? 7 : 0)),
      },
    });
    const saysSo = (profile: Profile): boolean =>
      ask(profile).lines.some((line) => line.includes('line numbers'));

    it('when the classes of the application have none', () => {
      assert.ok(saysSo(withLines(waiting, (name) => !name.startsWith('com/acme'))));
      assert.ok(!saysSo(waiting));
    });

    it('not when the recording has none at all', () => {
      assert.ok(!saysSo(withLines(waiting, () => false)));
    });

    it('not when only what the JVM made has none, in the default package too', () => {
      const bare = syntheticProfile(
        [
          wall(
            [
              'java/lang/Thread.run',
              'DefPkg$$Lambda$14/0x00007f1d2c000a00.run',
              ['DefPkg.lambda$main$0', 'jit'],
              ['DefPkg.burn', 'jit'],
            ],
            9,
          ),
        ],
        { mainClass: 'DefPkg' },
      );
      assert.ok(!saysSo(withLines(bare, (name) => !name.includes('$$Lambda'))));
      assert.ok(saysSo(withLines(bare, (name) => name.startsWith('java/'))));
    });
  });
});

describe('a window in which no thread was working', () => {
  const before = syntheticProfile([wall([...checkout, 'com/acme/shop/RuleSet.scan'], 10), idle]);
  const asleep = syntheticProfile([idle, wall(['java/lang/Thread.run', 'sun/nio/ch/EPoll.wait'], 20)]);

  it('says so, and shows the waiting threads', () => {
    const found = ask(asleep);
    assert.equal(found.headline, 'wall: no thread was working, all 3000 samples show waiting threads');
    says(found, /^They wait: 80% in ThreadPoolExecutor\.getTask, 20% in EPoll\.wait\.$/);
    assert.equal(found.samples, 3000);
    assert.ok(!found.lines.some((line) => /left out|nothing of that kind|at work on average/.test(line)));
    assert.match(renderSvg(asleep, { event: 'wall', title: '' }), /ThreadPoolExecutor\.getTask/);
  });

  it('is not compared as if waiting were work', () => {
    const comparison = compareProfiles(before, asleep, { event: 'wall', baseLabel: 'baseline Tue 14:00' });
    assert.deepEqual(comparison.changed, []);
    assert.match(ask(asleep, { comparison }).headline, /^wall: no thread was working/);
  });
});

describe('waits in the recording of locks', () => {
  const unsafePark = ['java/util/concurrent/locks/LockSupport.park', 'jdk/internal/misc/Unsafe.park'];
  const lockWait = (stack: readonly string[], parkedOn: string, milliseconds: number): SyntheticSample => ({
    event: 'lock',
    stack: [...stack, [parkedOn, 'inlined']],
    count: 1,
    value: milliseconds * 1e6,
  });
  const awaiting = lockWait(
    ['acme/Main.main', 'java/util/concurrent/ThreadPoolExecutor.awaitTermination', ...unsafePark],
    'java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject',
    500,
  );
  const onLock = lockWait(
    [...checkout, 'com/acme/shop/Stock.reserve', ...unsafePark],
    'java.util.concurrent.locks.ReentrantLock$NonfairSync',
    40,
  );
  const onMonitor = lockWait([...checkout, 'com/acme/shop/Prices.refresh'], 'com.acme.shop.Prices', 60);

  it('count as contention when somebody else held the lock', () => {
    const found = ask(syntheticProfile([awaiting, onLock, onMonitor]), { event: 'lock' });
    assert.match(found.headline, /60% .*Prices\.refresh/);
    says(
      found,
      /^Waits for other things than a lock \(30: for a pool, a queue, a condition\) are left out\.$/,
    );
    assert.match(
      renderSvg(syntheticProfile([awaiting, onLock]), { event: 'lock', title: '' }),
      /waits that are no contention/,
    );
  });

  it('are no contention when a thread awaits a pool', () => {
    assert.equal(
      ask(syntheticProfile([awaiting]), { event: 'lock' }).headline,
      'lock: nothing waited for a lock (30 waits for other things)',
    );
  });
});

describe('with a baseline', () => {
  const before = syntheticProfile([running([...checkout, 'com/acme/shop/RuleSet.scan'], 10), idle]);
  const options = { event: 'wall', baseLabel: 'baseline Tue 14:00' } as const;

  it('what grew is the headline, and is called certain when it is large and certain', () => {
    const comparison = compareProfiles(before, waiting, options);
    const found = ask(waiting, { comparison });
    assert.equal(found.headline, comparison.headline);
    assert.equal(found.confidence, 'certain');
    says(found, /^wall in total 1\.00 → 2\.00 threads vs baseline Tue 14:00\.$/);
    says(found, /^More in /);
  });

  it('when nothing changed, says so, with the widest frame and no claim', () => {
    const comparison = compareProfiles(waiting, waiting, options);
    const found = ask(waiting, { comparison });
    assert.match(
      found.headline,
      /^wall: nothing changed beyond noise .*; widest: 50% of the time waits for an answer in StockClient\.ask/,
    );
    assert.equal(found.confidence, 'unknown');
  });

  it("of several things that grew, the alert's labels choose which the sentence is about", () => {
    const comparison = compareProfiles(before, waiting, options);
    const atCheckout = ask(waiting, { comparison, labels: { uri: '/checkout' } });
    assert.match(
      atCheckout.headline,
      /^45% of the time waits for a pooled connection \(ConnectionPool\.getConnection/,
    );
    says(atCheckout, /^ConnectionPool\.getConnection: \+45 ±\d pp vs baseline Tue 14:00; 0 → 0\.90 threads/);
    says(atCheckout, /^More in StockClient\.ask: /);
    says(atCheckout, /^Next: compare the size of the pool/);
    assert.ok(!atCheckout.lines.some((line) => line.includes('latency and errors')));
    const atOrders = ask(waiting, { comparison, labels: { uri: '/orders' } });
    assert.match(atOrders.headline, /^50% of the time waits for an answer in StockClient\.ask/);
    says(atOrders, /^More in ConnectionPool\.getConnection: /);
  });

  const slowStock = [...orders, 'com/acme/shop/StockClient.ask', 'java/net/Socket$SocketInputStream.read'];
  const after = syntheticProfile([
    running([...checkout, 'com/acme/shop/RuleSet.scan'], 10),
    wall(slowStock, 10),
    idle,
  ]);

  it('a change outside what the alert is about is marked as such, and not certain', () => {
    const comparison = compareProfiles(before, after, options);
    const elsewhere = ask(after, { comparison, labels: { uri: '/checkout' } });
    says(
      elsewhere,
      /^OrdersHandler\.handle is not part of what serves uri="\/checkout"|^StockClient\.ask is not part of/,
    );
    assert.equal(elsewhere.confidence, 'likely');
    const there = ask(after, { comparison, labels: { uri: '/orders' } });
    assert.ok(!there.lines.some((line) => line.includes('is not part of what serves')));
    assert.equal(there.confidence, 'certain');
  });

  it('what shrank is reported with its caller and what it did', () => {
    const comparison = compareProfiles(after, before, options);
    assert.match(
      comparison.headline,
      /^0% of the time waits for an answer in StockClient\.ask.*, down from 50%$/,
    );
  });

  it('locks that almost nothing waits for are no answer', () => {
    const lock = (milliseconds: number): Profile =>
      syntheticProfile([
        {
          event: 'lock',
          stack: [...checkout, 'com/acme/shop/Answer.send'],
          count: 2,
          value: milliseconds * 1e6,
        },
        { event: 'lock', stack: [...orders, 'com/acme/shop/Mapper.map'], count: 2, value: 1e6 },
      ]);
    const busy = lock(0.01);
    const { headline, confidence } = ask(busy, { event: 'lock' });
    assert.equal(headline, 'lock: next to nothing waits for locks (0.004 s/s, 120 samples)');
    assert.equal(confidence, 'unknown');
  });

  it('names of frames cannot move the cursor of a terminal', () => {
    const evil = syntheticProfile([wall([...checkout, 'com/acme/shop/Evil\u001b[2J\n.run'], 20)]);
    assert.ok(!/\p{Cc}/u.test(ask(evil).headline));
  });

  it('other events that changed are mentioned', () => {
    const busier = syntheticProfile([{ stack: [...checkout, 'com/acme/shop/Json.write'], count: 50 }]);
    const quiet = syntheticProfile([{ stack: [...checkout, 'com/acme/shop/RuleSet.scan'], count: 5 }]);
    const other = compareProfiles(quiet, busier, { event: 'cpu', baseLabel: 'baseline Tue 14:00' });
    const found = ask(waiting, { otherComparisons: [other] });
    assert.match(found.headline, /^50% of the time .*; also 100% of CPU time is spent in Json\.write/);
  });

  it('names what cpu was spent on also where none of it is application code', () => {
    const parser = ['java/lang/Thread.run', 'org/eclipse/jetty/http/HttpParser.parse'];
    const profile = syntheticProfile(
      [
        { stack: parser, count: 45 },
        { stack: compiler, count: 5 },
      ],
      { mainClass: 'org.eclipse.jetty.start.Main' },
    );
    assert.match(
      ask(profile, { event: 'cpu' }).headline,
      /^90% of CPU time is spent in HttpParser\.parse, framework code: \d\.\d\d cores$/,
    );
  });
});
