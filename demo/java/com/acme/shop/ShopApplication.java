package com.acme.shop;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A small shop whose misbehaviour can be switched on over HTTP, for demonstrations and tests of flamepin.
 *
 * Options: --port N (0, the default, takes a free one), --load N (requests per second it sends to itself; 0 by
 * default), --work N (rules checked per cart; decides the CPU per request; 150 by default).
 * Prints "listening PORT" when it serves.
 */
public final class ShopApplication {
  private static final int WORKERS = 16;
  /** Requests that may wait for a worker; more are refused, so that an overload cannot fill a small heap. */
  private static final int WAITING = 256;

  private ShopApplication() {}

  public static void main(String[] arguments) throws IOException {
    // Without it the JDK's server waits for the client's delayed acknowledgement: 40 ms per answer.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    int port = option(arguments, "--port", 0);
    int load = option(arguments, "--load", 0);
    int rules = option(arguments, "--work", 150);

    Switches switches = new Switches();
    LatencyHistogram latency = new LatencyHistogram();
    Backend backend = Backend.start();
    OrderRepository orders = new OrderRepository(new ConnectionPool(8, backend.port(), switches));
    InventoryClient inventory = new InventoryClient(backend.port(), switches);
    RuleSet ruleSet = new RuleSet(rules, switches);
    CheckoutService checkout =
        new CheckoutService(
            ruleSet, orders, inventory, new LoyaltyService(switches), new PriceCache(switches));
    ReceiptRenderer receipts = new ReceiptRenderer(switches);

    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
    server.setExecutor(workers());
    server.createContext("/checkout", new Timed(new CheckoutHandler(checkout, receipts), "/checkout", latency));
    server.createContext("/orders", new Timed(new OrdersHandler(orders), "/orders", latency));
    server.createContext("/catalog", new Timed(new CatalogHandler(new Catalog(400)), "/catalog", latency));
    server.createContext("/metrics", new MetricsHandler(latency));
    server.createContext("/switch", new SwitchHandler(switches));
    server.start();
    int listening = server.getAddress().getPort();
    System.out.println("listening " + listening);
    if (load > 0) com.acme.load.LoadGenerator.start(listening, load);
  }

  private static ExecutorService workers() {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor workers =
        new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING),
            task -> {
              Thread thread = new Thread(task, "http-worker-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    workers.prestartAllCoreThreads();
    return workers;
  }

  private static int option(String[] arguments, String name, int otherwise) {
    for (int i = 0; i + 1 < arguments.length; i++) {
      if (arguments[i].equals(name)) return Integer.parseInt(arguments[i + 1]);
    }
    return otherwise;
  }
}
