package waits;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Waits in one of the ways that verdicts must tell apart: `waits.Waits stuck|pool|deep SECONDS`. */
public final class Waits {
    private static final Object monitor = new Object();
    private static volatile double sink;

    public static void main(String[] arguments) throws InterruptedException {
        long seconds = Long.parseLong(arguments[1]);
        switch (arguments[0]) {
            case "stuck" -> askBackend(seconds);
            case "pool" -> awaitPool(seconds);
            case "deep" -> {
                for (long end = end(seconds); System.nanoTime() < end; ) descend(200);
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void askBackend(long seconds) throws InterruptedException {
        System.out.println("ready");
        Thread.sleep(seconds * 1000);
    }

    /** Two threads contend for a monitor; the main thread only awaits them. */
    private static void awaitPool(long seconds) throws InterruptedException {
        long end = end(seconds);
        ExecutorService pool = Executors.newFixedThreadPool(2);
        for (int thread = 0; thread < 2; thread++) pool.submit(() -> holdMonitor(end));
        pool.shutdown();
        pool.awaitTermination(seconds + 10, TimeUnit.SECONDS);
    }

    private static void holdMonitor(long end) {
        while (System.nanoTime() < end) {
            synchronized (monitor) {
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(25);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int descend(int depth) {
        if (depth > 0) return descend(depth - 1) + 1;
        for (int i = 1; i < 20_000; i++) sink += Math.sqrt(i);
        return 0;
    }

    private static long end(long seconds) {
        return System.nanoTime() + seconds * 1_000_000_000L;
    }
}
