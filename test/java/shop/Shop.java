package shop;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A small service under open-loop load for recordings: a pool of request threads (most of them idle), prices
 * found by rules, a ledger behind a monitor, a stock behind a ReentrantLock, a slow "database", JSON made of
 * garbage. With `regression` the price cache is off, so every order walks all rules.
 *
 * Usage: shop.Shop baseline|regression SECONDS [REQUESTS_PER_SECOND]
 */
public final class Shop {
  private final Checkout checkout;

  Shop(boolean cached) {
    checkout = new Checkout(new Pricing(cached), new Ledger(), new Stock());
  }

  /** Held all the time, -Dshop.live MiB in objects of 64 bytes: near the size of the heap it keeps the collector busy. */
  private static final byte[][] live = new byte[Integer.getInteger("shop.live", 0) * 16 * 1024][];

  public static void main(String[] args) throws Exception {
    for (int i = 0; i < live.length; i++) live[i] = new byte[48];
    Shop shop = new Shop(!"regression".equals(args[0]));
    int seconds = Integer.parseInt(args[1]);
    int rate = args.length > 2 ? Integer.parseInt(args[2]) : 800;
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(16, 16, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(5000), new Named());
    // On a machine too slow for the load, requests are lost rather than the shop.
    pool.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    pool.prestartAllCoreThreads();
    Thread housekeeping = new Thread(Shop::housekeeping, "housekeeping <b>&\"quoted\"</b>; with semicolon");
    housekeeping.setDaemon(true);
    housekeeping.start();
    System.out.println("ready " + ProcessHandle.current().pid());
    Random random = new Random(42);
    long start = System.nanoTime();
    long interval = 1_000_000_000L / rate;
    for (long n = 0; System.nanoTime() - start < seconds * 1_000_000_000L; n++) {
      int customer = random.nextInt(1000);
      pool.execute(() -> new Request(shop.checkout, customer).handle());
      long wait = start + n * interval - System.nanoTime();
      if (wait > 0) Thread.sleep(wait / 1_000_000L, (int) (wait % 1_000_000L));
    }
    pool.shutdownNow();
    System.exit(0);
  }

  private static void housekeeping() {
    try {
      while (true) {
        Thread.sleep(200);
        System.gc();
        Thread.sleep(1800);
      }
    } catch (InterruptedException done) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Named implements java.util.concurrent.ThreadFactory {
    private int next;

    public Thread newThread(Runnable work) {
      Thread thread = new Thread(work, "request-" + ++next);
      thread.setDaemon(true);
      return thread;
    }
  }

  record Request(Checkout checkout, int customer) {
    void handle() {
      Chain chain = new Chain(List.of(Chain::log, Chain::authenticate, Chain::compress));
      chain.run(() -> checkout.order(customer), 0);
    }
  }

  /** Filters around a request, as a server's framework has them. */
  record Chain(List<Filter> filters) {
    interface Filter {
      void apply(Chain chain, Runnable last, int next);
    }

    void run(Runnable last, int position) {
      if (position == filters.size()) last.run();
      else filters.get(position).apply(this, last, position + 1);
    }

    static void log(Chain chain, Runnable last, int next) {
      chain.run(last, next);
    }

    static void authenticate(Chain chain, Runnable last, int next) {
      chain.run(last, next);
    }

    static void compress(Chain chain, Runnable last, int next) {
      chain.run(last, next);
    }
  }

  record Checkout(Pricing pricing, Ledger ledger, Stock stock) {
    void order(int customer) {
      long total = 0;
      for (int item = 0; item < 5; item++) total += pricing.price((customer + item * 7) % 1000);
      stock.reserve(customer);
      Database.query(customer);
      ledger.write(customer, total);
      Receipt.json(customer, total);
    }
  }

  static final class Pricing {
    private final boolean cached;
    private final Map<Integer, Long> cache = new ConcurrentHashMap<>();
    private final RuleSet rules = new RuleSet(12_000);

    Pricing(boolean cached) {
      this.cached = cached;
    }

    long price(int article) {
      return cached ? cache.computeIfAbsent(article, rules::scan) : rules.scan(article);
    }
  }

  static final class RuleSet {
    private final long[] rules;

    RuleSet(int count) {
      rules = new Random(7).longs(count, 1, 1000).toArray();
    }

    long scan(int article) {
      long best = Long.MAX_VALUE;
      for (long rule : rules) best = Math.min(best, discount(rule, article));
      return best;
    }

    private static long discount(long rule, int article) {
      long value = rule * 31 + article;
      for (int round = 0; round < 12; round++) value = value * 6364136223846793005L + 1442695040888963407L;
      return value & 0xffff;
    }
  }

  static final class Ledger {
    private final List<Long> entries = new ArrayList<>();

    synchronized void write(int customer, long total) {
      if (entries.size() > 10_000) entries.clear();
      entries.add(total + customer);
      try {
        if (customer % 16 == 0) Thread.sleep(2);
      } catch (InterruptedException done) {
        Thread.currentThread().interrupt();
      }
    }
  }

  static final class Stock {
    private final ReentrantLock lock = new ReentrantLock();
    private final int[] left = new int[1000];

    void reserve(int article) {
      lock.lock();
      try {
        left[article]--;
        if (article % 8 == 0) TimeUnit.MILLISECONDS.sleep(2);
      } catch (InterruptedException done) {
        Thread.currentThread().interrupt();
      } finally {
        lock.unlock();
      }
    }
  }

  static final class Database {
    static void query(int customer) {
      try {
        Thread.sleep(3 + customer % 5);
      } catch (InterruptedException done) {
        Thread.currentThread().interrupt();
      }
      byte[] rows = new byte[40_000 + customer];
      java.util.Arrays.sort(rows, 0, 64);
    }
  }

  static final class Receipt {
    static String json(int customer, long total) {
      StringBuilder text = new StringBuilder();
      for (int line = 0; line < 800; line++) {
        text.append("{\"customer\":").append(customer).append(",\"line\":").append(line);
        text.append(",\"total\":").append(String.format("%d", total + line)).append("},");
      }
      int[][] grid = new int[8][16];
      grid[customer % 8][0] = text.length();
      return text.toString();
    }
  }
}
