import java.util.concurrent.locks.LockSupport;

/** A JVM whose heap holds many small objects: as many megabytes as the first argument says, or all that fits (`full`). */
public class Hoarder {
  static final Object[] kept = new Object[2];

  public static void main(String[] args) {
    // What is needed later is loaded while there is room.
    LockSupport.parkNanos(1);
    if (args[0].equals("full")) {
      System.out.println("ready");
      fill();
    } else {
      for (long left = Long.parseLong(args[0]) * 1_000_000; left > 0; left -= 24) kept[0] = new Object[] {kept[0]};
      System.out.println("ready");
    }
    while (true) LockSupport.park();
  }

  /** Large objects first, then the smallest, until not even those fit. */
  static void fill() {
    try {
      while (true) kept[0] = new Object[] {kept[0], new byte[1 << 16]};
    } catch (OutOfMemoryError full) {
      // As intended.
    }
    try {
      while (true) kept[1] = new Object[] {kept[1]};
    } catch (OutOfMemoryError full) {
      // As intended.
    }
  }
}
