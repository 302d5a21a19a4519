/**
 * What idle threads look like, as data. Names are those of the profile, with slashes; an entry
 * matches a frame that equals it, with `*` for anything; libraries also where a build has relocated them.
 */

/** A stack that holds one of these waits for the next task, request, connection or event. */
export const waitsForWork: readonly string[] = [
  // Pools of the JDK and of servers.
  'java/util/concurrent/ThreadPoolExecutor.getTask',
  'java/util/concurrent/ForkJoinPool.awaitWork',
  'java/util/concurrent/ForkJoinPool.awaitWork$*',
  'org/apache/tomcat/util/threads/ThreadPoolExecutor.getTask',
  'org/apache/tomcat/util/threads/TaskQueue.take',
  'org/apache/tomcat/util/threads/TaskQueue.poll',
  'org/eclipse/jetty/util/thread/QueuedThreadPool.idleJobPoll',
  'org/eclipse/jetty/util/thread/QueuedThreadPool$Runner.idleJobPoll',
  'org/eclipse/jetty/util/thread/ReservedThreadExecutor$ReservedThread.reservedWait',
  'org/jboss/threads/EnhancedQueueExecutor$PoolThreadNode.*',
  'org/jboss/threads/EnhancedQueueExecutor$ThreadBody.awaitNextTask*',
  'io/netty/util/concurrent/SingleThreadEventExecutor.takeTask',
  'io/netty/util/HashedWheelTimer$Worker.waitForNextTick',
  'kotlinx/coroutines/scheduling/CoroutineScheduler$Worker.park',
  'kotlinx/coroutines/scheduling/CoroutineScheduler$Worker.tryPark',
  'cats/effect/unsafe/WorkerThread.parkUntilNextSleeper',
  'cats/effect/unsafe/WorkerThread.park*',
  'zio/internal/ZScheduler$*park*',
  'okhttp3/internal/concurrent/TaskRunner.awaitTaskToRun',
  'okhttp3/internal/http2/Http2Reader.nextFrame',
  'org/apache/catalina/core/StandardServer.await',
  'com/lmax/disruptor/BlockingWaitStrategy.waitFor',
  'com/lmax/disruptor/TimeoutBlockingWaitStrategy.waitFor',
  // Selectors and accept.
  'sun/nio/ch/EPoll.wait',
  'sun/nio/ch/EPollArrayWrapper.epollWait',
  'sun/nio/ch/EPollPort*.poll*',
  'sun/nio/ch/SelectorImpl.lockAndDoSelect',
  'sun/nio/ch/PollSelectorImpl.doSelect',
  'io/netty/channel/epoll/Native.epollWait*',
  'io/netty/channel/epoll/EpollEventLoop.epollWait*',
  'io/netty/channel/uring/*Wait*',
  'io/netty/channel/kqueue/Native.keventWait',
  'java/net/ServerSocket.implAccept',
  'java/net/PlainSocketImpl.socketAccept',
  'sun/nio/ch/NioSocketImpl.accept',
  'sun/nio/ch/ServerSocketChannelImpl.accept',
  'sun/nio/ch/Net.accept',
  'org/apache/tomcat/jni/Poll.poll',
  // A blocking server that waits for the first byte of the next request.
  'org/apache/coyote/http11/Http11InputBuffer.parseRequestLine',
  'org/eclipse/jetty/server/HttpConnection.fillRequestBuffer',
  // Consumers of brokers, waiting for a message.
  'org/apache/kafka/clients/NetworkClient.poll',
  'com/rabbitmq/client/impl/AMQConnection$MainLoop.*',
  'org/apache/activemq/ActiveMQMessageConsumer.dequeue',
  // The JVM's own Java threads.
  'java/lang/ref/Reference.waitForReferencePendingList',
  'java/lang/ref/ReferenceQueue.remove',
  'java/lang/ref/ReferenceQueue.remove0',
  'java/lang/ref/NativeReferenceQueue.remove',
  'jdk/internal/ref/CleanerImpl.run',
  'jdk/internal/misc/InnocuousThread.run',
  'java/lang/ProcessHandleImpl.waitForProcessExit0',
  'jdk/jfr/internal/PlatformRecorder.takeNap',
  'jdk/jfr/internal/PlatformRecorder.periodicTask',
  'sun/nio/fs/LinuxWatchService.poll',
  'jdk/internal/net/http/HttpClientImpl$SelectorManager.run',
];

/** Caller and the callee directly under it: the caller also runs work, so alone it says nothing. */
export const waitsForWorkPairs: readonly (readonly [caller: string, callee: string])[] = [
  ['java/util/TimerThread.mainLoop', 'java/lang/Object.wait*'],
  ['org/quartz/simpl/SimpleThreadPool$WorkerThread.run', 'java/lang/Object.wait*'],
  [
    'org/eclipse/jetty/util/thread/QueuedThreadPool$Runner.run',
    'org/eclipse/jetty/util/BlockingArrayQueue.poll',
  ],
];

/** Taking the next element of a queue, which in a thread of its own is waiting for work. */
export const takesFromQueue: readonly string[] = [
  'java/util/concurrent/*Queue.take',
  'java/util/concurrent/*Queue.poll',
  'java/util/concurrent/*Deque.take*',
  'java/util/concurrent/*Deque.poll*',
];

/** A stack that holds one of these and none of the above does work that was handed to the thread. */
export const worksOnTask: readonly string[] = [
  'java/util/concurrent/ThreadPoolExecutor.runWorker',
  'java/util/concurrent/ForkJoinTask.doExec',
  'java/util/concurrent/ForkJoinPool$WorkQueue.topLevelExec',
  'java/util/TimerThread.mainLoop',
  'java/lang/VirtualThread.run*',
  'jdk/internal/vm/Continuation.*',
  'org/apache/tomcat/util/threads/ThreadPoolExecutor.runWorker',
  'org/eclipse/jetty/util/thread/QueuedThreadPool.runJob',
  'org/jboss/threads/EnhancedQueueExecutor$ThreadBody.doRunTask',
  'io/netty/util/concurrent/AbstractEventExecutor.*xecute',
  'io/netty/channel/*.processSelectedKey*',
  'kotlinx/coroutines/scheduling/CoroutineScheduler.runSafely',
  'javax/servlet/http/HttpServlet.service',
  'jakarta/servlet/http/HttpServlet.service',
  'com/sun/net/httpserver/*.doFilter',
];

/** Where a thread stops: the innermost Java frame of a wait of any sort. */
export const waits = {
  sleep: ['java/lang/Thread.sleep*', 'java/util/concurrent/TimeUnit.sleep'],
  park: [
    'jdk/internal/misc/Unsafe.park',
    'sun/misc/Unsafe.park',
    'java/util/concurrent/locks/LockSupport.park*',
    'java/lang/Object.wait*',
    'java/lang/Thread.join*',
  ],
  socketRead: [
    'java/net/SocketInputStream.socketRead*',
    'java/net/SocketInputStream.read',
    'java/net/Socket$SocketInputStream.*',
    'sun/nio/ch/NioSocketImpl.park',
    'sun/nio/ch/NioSocketImpl.read',
    'sun/nio/ch/NioSocketImpl.timedRead',
    'sun/nio/ch/NioSocketImpl.tryRead',
    'sun/nio/ch/NioSocketImpl.implRead',
    'sun/nio/ch/SocketDispatcher.read*',
    'sun/nio/ch/SocketChannelImpl.read',
    'sun/nio/ch/SocketChannelImpl.blockingRead',
    'sun/nio/ch/Net.poll',
    'sun/nio/ch/Net.connect*',
    'sun/nio/ch/NioSocketImpl.connect',
    'java/net/PlainSocketImpl.socketConnect',
  ],
  socketWrite: [
    'java/net/SocketOutputStream.socketWrite*',
    'java/net/Socket$SocketOutputStream.*',
    'sun/nio/ch/NioSocketImpl.write',
    'sun/nio/ch/NioSocketImpl.implWrite',
    'sun/nio/ch/SocketDispatcher.write*',
    'sun/nio/ch/SocketChannelImpl.write',
  ],
  file: [
    'java/io/FileInputStream.read*',
    'java/io/FileOutputStream.write*',
    'java/io/RandomAccessFile.*',
    'java/io/FileDescriptor.sync',
    'sun/nio/ch/FileDispatcherImpl.*',
    'sun/nio/ch/UnixFileDispatcherImpl.*',
    'sun/nio/ch/FileChannelImpl.*',
    'java/lang/ProcessImpl.waitFor',
  ],
} as const satisfies Record<string, readonly string[]>;
