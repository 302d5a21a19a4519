package com.acme.shop;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Asks the "inventory service" over one socket per worker. Fault "io": it answers late. */
final class InventoryClient {
  private final ThreadLocal<BackendSocket> sockets;
  private final Switches switches;

  InventoryClient(int backendPort, Switches switches) {
    this.switches = switches;
    this.sockets =
        ThreadLocal.withInitial(
            () -> {
              try {
                return new BackendSocket(backendPort);
              } catch (IOException cause) {
                throw new UncheckedIOException(cause);
              }
            });
  }

  void reserve(Cart cart) throws IOException {
    double late = switches.strength("io");
    sockets.get().ask(late > 0 ? (int) late : 1);
  }
}
