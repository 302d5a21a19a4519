package com.acme.shop;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A bounded number of connections and a wait for the next free one. Fault "pool": some connections are lost and
 * queries take longer, so the rest does not suffice.
 */
final class ConnectionPool {
  private static final long WAIT_MILLIS = 2_000;

  private final Deque<Connection> free = new ArrayDeque<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private final int size;
  private final Switches switches;
  private int borrowed;

  ConnectionPool(int size, int backendPort, Switches switches) throws IOException {
    this.size = size;
    this.switches = switches;
    for (int i = 0; i < size; i++) free.add(new Connection(backendPort, switches));
  }

  Connection getConnection() {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(WAIT_MILLIS);
      while (borrowed >= Math.max(1, size - (int) switches.strength("pool")) || free.isEmpty()) {
        if (left <= 0) throw new IllegalStateException("no connection within " + WAIT_MILLIS + " ms");
        left = returned.awaitNanos(left);
      }
      borrowed++;
      return free.removeFirst();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a connection", interrupted);
    } finally {
      lock.unlock();
    }
  }

  void release(Connection connection) {
    lock.lock();
    try {
      borrowed--;
      free.addFirst(connection);
      returned.signal();
    } finally {
      lock.unlock();
    }
  }
}
