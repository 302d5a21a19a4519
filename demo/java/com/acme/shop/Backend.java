package com.acme.shop;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.PriorityQueue;

/** Stands for database and inventory: one thread that answers a line "MILLIS" with one byte after that time. */
final class Backend implements Runnable {
  private final ServerSocketChannel server;
  private final Selector selector;
  private final PriorityQueue<Due> due = new PriorityQueue<>((a, b) -> Long.compare(a.at, b.at));
  private final ByteBuffer buffer = ByteBuffer.allocate(64);

  private Backend() throws IOException {
    selector = Selector.open();
    server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 128);
    server.configureBlocking(false);
    server.register(selector, SelectionKey.OP_ACCEPT);
  }

  static Backend start() throws IOException {
    Backend backend = new Backend();
    Thread thread = new Thread(backend, "backend");
    thread.setDaemon(true);
    thread.start();
    return backend;
  }

  int port() throws IOException {
    return ((InetSocketAddress) server.getLocalAddress()).getPort();
  }

  @Override
  public void run() {
    try {
      while (true) {
        selector.select(millisToWait());
        for (SelectionKey key : selector.selectedKeys()) {
          if (key.isAcceptable()) accept();
          else read((SocketChannel) key.channel());
        }
        selector.selectedKeys().clear();
        answer();
      }
    } catch (IOException cause) {
      throw new IllegalStateException("the backend stopped", cause);
    }
  }

  /** 0 is "until something arrives" to the selector, so nothing is polled while idle. */
  private long millisToWait() {
    Due next = due.peek();
    return next == null ? 0 : Math.max(1, (next.at - System.nanoTime()) / 1_000_000);
  }

  private void accept() throws IOException {
    SocketChannel client = server.accept();
    if (client == null) return;
    client.configureBlocking(false);
    client.register(selector, SelectionKey.OP_READ);
  }

  private void read(SocketChannel client) throws IOException {
    buffer.clear();
    if (client.read(buffer) < 0) {
      client.close();
      return;
    }
    int millis = 0;
    for (int i = 0; i < buffer.position(); i++) {
      byte digit = buffer.get(i);
      if (digit >= '0' && digit <= '9') millis = millis * 10 + digit - '0';
    }
    due.add(new Due(System.nanoTime() + millis * 1_000_000L, client));
  }

  private void answer() throws IOException {
    while (!due.isEmpty() && due.peek().at <= System.nanoTime()) {
      due.poll().client.write(ByteBuffer.wrap(new byte[] {'.'}));
    }
  }

  private record Due(long at, SocketChannel client) {}
}
