import java.util.concurrent.locks.LockSupport;

/**
 * A JVM with something to see: burns a share of one core in percent (first argument, default 30), allocates a little,
 * and has a thread that waits. Listens on a port of its choice when the second argument is `listen`. A third argument
 * alone is the name of the thread that burns; with a fourth it is a number of idle threads, and the fourth is what their
 * names begin with.
 */
public class Burner {
  static volatile Object sink;
  /** Kept, because the collector closes a socket that nobody holds. */
  static java.net.ServerSocket listening;

  public static void main(String[] args) throws Exception {
    int percent = args.length > 0 ? Integer.parseInt(args[0]) : 30;
    if (args.length > 1 && args[1].equals("listen")) {
      listening = new java.net.ServerSocket(0);
      System.out.println("port " + listening.getLocalPort());
    }
    if (args.length == 3) Thread.currentThread().setName(args[2]);
    Thread waiting = new Thread(() -> LockSupport.park(), "waiting");
    waiting.setDaemon(true);
    waiting.start();
    for (int i = 1; args.length > 3 && i <= Integer.parseInt(args[2]); i++) {
      Thread idle = new Thread(null, () -> LockSupport.park(), args[3] + i, 65_536);
      idle.setDaemon(true);
      idle.start();
    }
    System.out.println("ready");
    while (true) {
      burn(percent * 100_000L);
      Thread.sleep(10 - percent / 10);
    }
  }

  static void burn(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end) {
      sink = new byte[64];
    }
  }
}
