import { compareProfiles } from '../../src/profile/comparison/compare.ts';
import type { ChangedNames } from '../../src/profile/comparison/comparison.ts';
import type { Profile, ProfileEvent } from '../../src/profile/profile.ts';
import { profileOf, type Line } from './profile.ts';
import type { View } from '../../src/flamegraph/view.ts';

/** A web shop under load, small enough to check by hand: two requests, a connection pool that is too small, GC. */

const server =
  'java/lang/Thread.run;org/apache/tomcat/util/threads/ThreadPoolExecutor.runWorker;org/apache/tomcat/util/net/NioEndpoint$SocketProcessor.doRun;org/apache/coyote/http11/Http11Processor.service;org/apache/catalina/core/StandardWrapperValve.invoke;org/springframework/web/servlet/DispatcherServlet.doDispatch';
const checkout = `${server};com/acme/shop/CheckoutController.checkout;com/acme/shop/CheckoutService.price`;
const orders = `${server};com/acme/shop/OrderController.list;com/acme/shop/OrderRepository.find;org/springframework/jdbc/core/JdbcTemplate.query`;
const waiting = `${orders};com/zaxxer/hikari/HikariDataSource.getConnection;com/zaxxer/hikari/pool/HikariPool.getConnection;com/zaxxer/hikari/util/ConcurrentBag.borrow;java/util/concurrent/SynchronousQueue.poll;java/util/concurrent/locks/LockSupport.parkNanos`;
const worker =
  'java/lang/Thread.run;java/util/concurrent/ThreadPoolExecutor.runWorker;java/util/concurrent/ThreadPoolExecutor.getTask;java/util/concurrent/LinkedBlockingQueue.take;java/util/concurrent/locks/LockSupport.park';

const second = 1e9;

function lines(slow: boolean): Line[] {
  const scan = slow ? 420 : 30;
  return [
    {
      stack: `${checkout};com/acme/shop/rules/RuleSet.scan;java/util/HashMap.get;java/util/HashMap.getNode`,
      count: scan,
      slot: slow ? 10 : 0,
      slots: slow ? 30 : 60,
    },
    {
      stack: `${checkout};com/acme/shop/rules/RuleSet.scan;java/lang/String.equals_[i]`,
      count: scan / 2,
      slot: slow ? 10 : 0,
      slots: slow ? 30 : 60,
    },
    { stack: `${checkout};java/math/BigDecimal.add`, count: 90, slots: 60 },
    {
      stack: `${orders};org/h2/jdbc/JdbcPreparedStatement.executeQuery;org/h2/command/query/Select.queryFlat;org/h2/mvstore/MVMap.get`,
      count: 260,
      slots: 60,
    },
    {
      stack: `${orders};org/h2/jdbc/JdbcPreparedStatement.executeQuery;entry_SYSCALL_64_[k];do_sys_poll_[k]`,
      count: 60,
      slots: 60,
    },
    {
      stack: `${server};com/acme/shop/OrderController.list;com/fasterxml/jackson/databind/ObjectMapper.writeValue`,
      count: 120,
      slots: 60,
    },
    {
      stack:
        'thread_native_entry_[c];GangWorker::loop_[c];G1ParTask::work_[c];G1ParEvacuateFollowersClosure::do_void_[c]',
      count: 80,
      thread: 'GC Thread#1',
      slots: 60,
    },
    {
      stack:
        'thread_native_entry_[c];CompileBroker::compiler_thread_loop_[c];C2Compiler::compile_method_[c];Compile::Optimize_[c];PhaseIdealLoop::build_and_optimize_[c]',
      count: 70,
      thread: 'C2 CompilerThread0',
      slots: 20,
    },
    {
      stack: waiting,
      event: 'wall',
      count: slow ? 1830 : 90,
      state: 'parked',
      slot: slow ? 4 : 0,
      slots: slow ? 50 : 60,
      value: (slow ? 1830 : 90) * 5e7,
    },
    { stack: checkout, event: 'wall', count: 500, state: 'runnable', slots: 60, value: 500 * 5e7 },
    {
      stack: `${orders};org/h2/jdbc/JdbcPreparedStatement.executeQuery`,
      event: 'wall',
      count: 660,
      state: 'runnable',
      slots: 60,
      value: 660 * 5e7,
    },
    {
      stack: worker,
      event: 'wall',
      count: 24_000,
      thread: 'pool-1-thread-3',
      state: 'parked',
      slots: 60,
      value: 24_000 * 5e7,
    },
    {
      stack: `${checkout};java/util/ArrayList.grow;java/lang/Object[]`,
      event: 'alloc',
      count: 300,
      slots: 60,
      value: 5e9,
    },
    {
      stack: `${orders};java/lang/String.<init>;byte[]`,
      event: 'alloc',
      count: 100,
      slots: 60,
      value: 1.3e9,
    },
    {
      stack: `${checkout};com/acme/shop/Basket.lock`,
      event: 'lock',
      count: 40,
      slots: 60,
      value: 93 * second,
    },
  ];
}

/** The shop after its cache was switched off. */
export function slowShop(): Profile {
  return profileOf(lines(true), { gcPauses: [{ atMs: 12_400, durationMs: 180, name: 'G1 Young' }] });
}

/** The same shop in good health. */
export function healthyShop(): Profile {
  return profileOf(lines(false), { startedAt: Date.UTC(2026, 2, 2, 14, 0, 0) });
}

/** What the page shows around it. */
export const shopView: View = {
  title: 'HighLatency checkout',
  badges: [{ text: 'firing', tone: 'alarm' }],
  fired: {
    summary: 'p99 of /checkout is 1.4 s, above 0.5 s',
    description: 'The 99th percentile of POST /checkout has been above 500 ms for 5 minutes.',
    since: Date.UTC(2026, 2, 3, 2, 8, 5),
    until: null,
    condition: 'histogram_quantile(0.99, sum by (le) (rate(http_seconds_bucket[5m]))) > 0.5',
    links: [
      { text: 'Runbook', url: 'https://runbooks.example.com/high-latency' },
      { text: 'Panel then', url: 'https://grafana.example.com/d/shop?viewPanel=2&from=1&to=2' },
      { text: 'Explore', url: 'https://prometheus.example.com/graph?g0.expr=x' },
    ],
  },
  nextSteps: ['Look at what holds the 10 connections: OrderRepository.find, 180 ms each.'],
  headline: 'wall: 61% waiting in HikariPool.getConnection',
  confidence: 'certain',
  lines: [
    '+58 ±4 points against Tuesday 14:00, same image. 184 request threads.',
    'cpu 0.40 → 0.42 cores, unchanged.',
  ],
  window: { startedAt: Date.UTC(2026, 2, 3, 2, 14, 7), durationSeconds: 30 },
  event: 'wall',
  comparison: {
    baseLabel: 'Tue 14:00, same image',
    baseHref: '/captures/c-00000000000000000000000001',
    changedFrames: {
      cpu: changedShop('cpu'),
      wall: changedShop('wall'),
      alloc: changedShop('alloc'),
      lock: changedShop('lock'),
    },
    rows: [
      row('com.zaxxer.hikari.pool.HikariPool.getConnection', 'wall', 0.612, 0.072, true),
      row('com.acme.shop.OrderRepository.find', 'wall', 0.833, 0.6, true),
      row('com.acme.shop.CheckoutService.price', 'wall', 0.167, 0.4, true),
      row('com.acme.shop.rules.RuleSet.scan', 'cpu', 0.481, 0.063, true),
      row('org.springframework.jdbc.core.JdbcTemplate.query', 'cpu', 0.244, 0.449, true),
      row('com.fasterxml.jackson.databind.ObjectMapper.writeValue', 'cpu', 0.092, 0.1, false),
      row('com.acme.shop.Basket.lock', 'lock', 1, 1, false),
    ],
  },
  topFrames: [],
  facts: [
    'pod checkout-7d9f-x2x',
    'image sha256:4f2a9c',
    'started 02:14:07.3, 0.31 s after the alert arrived',
    'engine ctimer',
  ],
  links: [
    { text: 'SVG', url: '/captures/c-1/flamegraph.svg' },
    { text: 'HTML', url: '/captures/c-1/flamegraph.html' },
    { text: 'profile', url: '/captures/c-1/profile.json' },
    { text: 'recording', url: '/captures/c-1/recording.jfr' },
  ],
  details: [
    {
      summary: 'The alert’s labels',
      rows: [
        ['alertname', 'HighLatency'],
        ['uri', '/checkout'],
        ['severity', 'critical'],
      ],
      text: '',
    },
    {
      summary: 'The same by hand',
      rows: [],
      text: 'asprof start -e ctimer --wall 50ms --alloc 512k --lock 1ms --timeout 30 4711',
    },
  ],
  applicationPackages: ['com.acme'],
};

/** What the comparison calls changed in the slow shop. */
export function changedShop(event: ProfileEvent): ChangedNames {
  return compareProfiles(healthyShop(), slowShop(), { event, baseLabel: 'Tue 14:00' }).changedFrames;
}

function row(
  frame: string,
  event: 'cpu' | 'wall' | 'lock',
  currentShare: number,
  baseShare: number,
  significant: boolean,
): NonNullable<View['comparison']>['rows'][number] {
  const deltaShare = currentShare - baseShare;
  return {
    frame,
    event,
    baseShare,
    currentShare,
    deltaShare,
    deltaShareLow: deltaShare - 0.04,
    deltaShareHigh: deltaShare + 0.04,
    baseCores: baseShare * 0.4,
    currentCores: currentShare * 0.42,
    change: !significant ? 'same' : deltaShare > 0 ? 'more' : 'less',
    significant,
  };
}
