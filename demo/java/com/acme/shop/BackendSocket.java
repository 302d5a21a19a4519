package com.acme.shop;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A blocking client of {@link Backend}: one question at a time. */
final class BackendSocket {
  private static final int TIMEOUT_MILLIS = 10_000;

  private final Socket socket;

  BackendSocket(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(TIMEOUT_MILLIS);
  }

  void ask(int delayMillis) throws IOException {
    socket.getOutputStream().write((delayMillis + "\n").getBytes(StandardCharsets.US_ASCII));
    if (socket.getInputStream().read() < 0) throw new EOFException("the backend closed the connection");
  }
}
