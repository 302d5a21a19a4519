package com.acme.load;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;

/**
 * Sends requests at a constant mean rate, whether or not earlier ones have been answered. The gaps are random
 * (exponential): even gaps that divide the profiler's interval would hide from it or meet it every time. It runs inside the service it
 * loads, so it is one thread that waits in a selector: blocking clients would fill the service's own wall-clock
 * profile with their waiting.
 */
public final class LoadGenerator implements Runnable {
  /** More requests than this are never open at once; further ones are left out. */
  private static final int MAXIMUM_OPEN = 64;

  private final InetSocketAddress address;
  private final long intervalNanos;
  private final Selector selector;
  private final Deque<SocketChannel> idle = new ArrayDeque<>();
  private final ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
  private final Random random = new Random(42);
  private int connections;
  private int sent;

  private LoadGenerator(int port, int perSecond) throws IOException {
    address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    intervalNanos = 1_000_000_000L / perSecond;
    selector = Selector.open();
  }

  public static void start(int port, int perSecond) throws IOException {
    Thread thread = new Thread(new LoadGenerator(port, perSecond), "load");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void run() {
    long next = System.nanoTime();
    while (true) {
      try {
        long wait = (next - System.nanoTime()) / 1_000_000;
        if (wait > 0) selector.select(wait);
        else selector.selectNow();
        for (SelectionKey key : selector.selectedKeys()) receive((SocketChannel) key.channel());
        selector.selectedKeys().clear();
        long now = System.nanoTime();
        // A stall of more than a second is not made up for.
        if (now - next > 1_000_000_000L) next = now;
        for (; next <= now; next += gapNanos()) send();
      } catch (IOException cause) {
        System.err.println("load: " + cause);
      }
    }
  }

  private long gapNanos() {
    return (long) (-Math.log(1 - random.nextDouble()) * intervalNanos);
  }

  private void send() throws IOException {
    SocketChannel channel = idle.pollFirst();
    if (channel == null) {
      if (connections >= MAXIMUM_OPEN) return;
      channel = SocketChannel.open(address);
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ);
      connections++;
    }
    int turn = sent++ % 10;
    String path = turn < 6 ? "/checkout" : turn < 9 ? "/orders" : "/catalog";
    String request = "GET " + path + "?cart=" + sent % 997 + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
  }

  /** Answers are small and come in one write or two; the last byte of each body is a brace or a line end. */
  private void receive(SocketChannel channel) throws IOException {
    buffer.clear();
    int read;
    try {
      read = channel.read(buffer);
    } catch (IOException reset) {
      read = -1;
    }
    if (read < 0) {
      channel.close();
      connections--;
      return;
    }
    byte last = read > 0 ? buffer.get(read - 1) : 0;
    boolean headEnd = read > 3 && last == '\n' && buffer.get(read - 2) == '\r';
    if (!headEnd && (last == '}' || last == '\n')) idle.addLast(channel);
  }
}
