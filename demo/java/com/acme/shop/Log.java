package com.acme.shop;

import java.util.ArrayDeque;
import java.util.Deque;

/** Keeps the last lines in memory: a demonstration should not fill a disk. */
final class Log {
  private static final int KEPT = 200;
  private static final Deque<String> LINES = new ArrayDeque<>();

  private Log() {}

  static void info(String line) {
    String stamped = String.format("%tT.%<tL INFO %s", System.currentTimeMillis(), line);
    synchronized (LINES) {
      if (LINES.size() == KEPT) LINES.removeFirst();
      LINES.addLast(stamped);
    }
  }
}
