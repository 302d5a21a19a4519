import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { idleWallRows } from '../../../src/profile/idle.ts';
import type { ThreadState } from '../../../src/profile/sampling.ts';
import { syntheticProfile } from '../../given/profile.ts';

const pool = [
  'java/lang/Thread.run',
  'java/util/concurrent/ThreadPoolExecutor$Worker.run',
  'java/util/concurrent/ThreadPoolExecutor.runWorker',
];
const park = ['java/util/concurrent/locks/LockSupport.park', 'jdk/internal/misc/Unsafe.park', 'Parker::park'];
const request = [
  ...pool,
  'org/apache/catalina/Valve.invoke',
  'com/acme/shop/Handler.handle',
  'com/acme/shop/Orders.find',
];

function isIdle(stack: readonly string[], state: ThreadState = 'sleeping'): boolean {
  const profile = syntheticProfile([{ event: 'wall', stack, count: 1, slots: [0], state }]);
  return idleWallRows(profile, { mainClass: profile.mainClass, applicationPackages: [] })[0] === 1;
}

describe('threads that wait for work are idle', () => {
  const idle: Record<string, readonly string[]> = {
    'a pool thread without a task': [
      ...pool,
      'java/util/concurrent/ThreadPoolExecutor.getTask',
      'java/util/concurrent/LinkedBlockingQueue.take',
      ...park,
    ],
    'a fork-join thread without a task': [
      'java/util/concurrent/ForkJoinWorkerThread.run',
      'java/util/concurrent/ForkJoinPool.runWorker',
      'java/util/concurrent/ForkJoinPool.awaitWork',
      ...park,
    ],
    'a selector': [
      'java/lang/Thread.run',
      'io/netty/channel/nio/NioEventLoop.run',
      'sun/nio/ch/SelectorImpl.lockAndDoSelect',
      'sun/nio/ch/EPoll.wait',
      'epoll_wait',
    ],
    'accepting connections': [
      'java/lang/Thread.run',
      'com/acme/shop/Server.run',
      'java/net/ServerSocket.implAccept',
      'sun/nio/ch/NioSocketImpl.accept',
      'accept',
    ],
    'the reference handler': [
      'java/lang/ref/Reference$ReferenceHandler.run',
      'java/lang/ref/Reference.waitForReferencePendingList',
    ],
    'a timer between its tasks': [
      'java/util/TimerThread.run',
      'java/util/TimerThread.mainLoop',
      'java/lang/Object.wait',
    ],
    'a thread that sleeps in its own loop': [
      'java/lang/Thread.run',
      'com/acme/shop/Refresher.run',
      'java/lang/Thread.sleep',
    ],
    'a consumer of its own queue': [
      'java/lang/Thread.run',
      'ch/qos/logback/core/AsyncAppenderBase$Worker.run',
      'java/util/concurrent/ArrayBlockingQueue.take',
      ...park,
    ],
    'a consumer that asks its queue in a method of its own': [
      'java/lang/Thread.run',
      'com/acme/shop/Mailer.run',
      'com/acme/shop/Mailer.next',
      'java/util/concurrent/LinkedBlockingQueue.take',
      ...park,
    ],
    'a main thread that keeps the program alive': [
      'com/acme/shop/Main.main',
      'java/util/concurrent/CountDownLatch.await',
      ...park,
    ],
    'a selector that a build has moved': [
      'java/lang/Thread.run',
      'com/acme/shaded/io/netty/channel/epoll/EpollEventLoop.run',
      'com/acme/shaded/io/netty/channel/epoll/Native.epollWait',
      'epoll_wait',
    ],
    'a selector that a build has moved to another owner': [
      'java/lang/Thread.run',
      'com/acme/Thing.run',
      'reactor/shaded/netty/channel/epoll/Native.epollWait0',
      'epoll_wait',
    ],
    'a thread of Quartz without a job': [
      'org/quartz/simpl/SimpleThreadPool$WorkerThread.run',
      'java/lang/Object.wait',
    ],
    "the JVM's own threads": [
      'start_thread',
      'VMThread::run',
      'Monitor::wait',
      '__futex_abstimed_wait_common',
    ],
  };
  for (const [what, stack] of Object.entries(idle)) {
    it(what, () => {
      assert.ok(isIdle(stack));
    });
  }
});

describe('threads that wait inside a request are not idle', () => {
  const busy: Record<string, readonly string[]> = {
    'for a connection of a pool': [
      ...request,
      'com/zaxxer/hikari/pool/HikariPool.getConnection',
      'java/util/concurrent/SynchronousQueue.poll',
      ...park,
    ],
    sleeping: [...request, 'java/lang/Thread.sleep'],
    'for an answer of another service': [
      ...request,
      'java/net/Socket$SocketInputStream.read',
      'sun/nio/ch/NioSocketImpl.park',
      'sun/nio/ch/Net.poll',
    ],
    'for a lock': [...request, 'ObjectMonitor::enter', '__futex_abstimed_wait_common'],
    'in a job of Quartz': [
      'org/quartz/simpl/SimpleThreadPool$WorkerThread.run',
      'org/quartz/core/JobRunShell.run',
      'com/acme/shop/Report.execute',
      'java/lang/Thread.sleep',
    ],
    'in a main thread that is stuck': [
      'com/acme/shop/Main.main',
      'com/acme/shop/Main.waitForBackend',
      'java/lang/Thread.sleep',
    ],
    'in a task of a timer': [
      'java/util/TimerThread.run',
      'java/util/TimerThread.mainLoop',
      'com/acme/shop/Report.run',
      'com/acme/shop/Report.fetch',
      'java/lang/Thread.sleep',
    ],
  };
  for (const [what, stack] of Object.entries(busy)) {
    it(what, () => {
      assert.ok(!isIdle(stack));
    });
  }

  it('a running collector', () => {
    assert.ok(
      !isIdle(['start_thread', 'GangWorker::run', 'G1ParEvacuateFollowersClosure::do_void'], 'runnable'),
    );
  });

  it('a program that works in its main thread and waits occasionally', () => {
    const profile = syntheticProfile([
      {
        event: 'wall',
        stack: ['com/acme/shop/Main.main', 'java/lang/Thread.sleep'],
        count: 1,
        slots: [0, 1, 2],
        thread: 'main',
      },
      {
        event: 'wall',
        stack: ['com/acme/shop/Main.main', 'com/acme/shop/Main.work'],
        count: 1,
        slots: [3, 4],
        thread: 'main',
      },
    ]);
    const rows = idleWallRows(profile, { mainClass: profile.mainClass, applicationPackages: [] });
    assert.deepEqual([...rows], [0, 0, 0, 0, 0]);
  });
});
