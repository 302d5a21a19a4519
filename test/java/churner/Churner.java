import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A JVM whose work is spread over more threads than a timer of each can see. First argument `short`: one thread after the
 * other, each lives for 5 ms; `pool`: a thousand threads take turns of a millisecond.
 */
public class Churner {
  static volatile double sink;

  public static void main(String[] args) throws Exception {
    boolean isPool = args[0].equals("pool");
    ExecutorService pool = Executors.newFixedThreadPool(1000, task -> new Thread(null, task, "turn", 131_072));
    // All of them, before anybody looks.
    for (int i = 0; isPool && i < 1000; i++) pool.submit(() -> burn(10_000));
    Thread.sleep(200);
    System.out.println("ready");
    while (isPool) {
      pool.submit(() -> burn(1_000_000));
      Thread.sleep(2);
    }
    while (true) {
      Thread one = new Thread(() -> burn(5_000_000));
      one.start();
      one.join();
    }
  }

  static void burn(long nanos) {
    long end = System.nanoTime() + nanos;
    double sum = 0;
    while (System.nanoTime() < end) for (int i = 1; i < 500; i++) sum += Math.sqrt(i);
    sink += sum;
  }
}
