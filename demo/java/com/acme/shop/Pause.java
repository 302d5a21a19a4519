package com.acme.shop;

/** Sleeping, for the faults that do. */
final class Pause {
  private Pause() {}

  static void millis(double millis) {
    try {
      Thread.sleep((long) millis);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
