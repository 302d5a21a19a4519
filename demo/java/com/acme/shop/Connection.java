package com.acme.shop;

import java.io.IOException;

/** One connection to the "database", a local socket that answers after a while. */
final class Connection {
  private final BackendSocket socket;
  private final Switches switches;

  Connection(int backendPort, Switches switches) throws IOException {
    this.socket = new BackendSocket(backendPort);
    this.switches = switches;
  }

  void query(int customer) throws IOException {
    socket.ask(switches.isOn("pool") ? 40 : 2);
  }
}
