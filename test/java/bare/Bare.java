/** A program in the default package, whose thread begins in a lambda: it has lines, though not all of its classes do. */
final class Bare {
    private static volatile double sink;

    public static void main(String[] arguments) throws InterruptedException {
        long end = System.nanoTime() + Long.parseLong(arguments[0]) * 1_000_000_000L;
        Thread worker = new Thread(() -> burn(end));
        worker.start();
        worker.join();
    }

    private static void burn(long end) {
        while (System.nanoTime() < end) for (int i = 1; i < 10_000; i++) sink += Math.sqrt(i) * Math.sin(i);
    }
}
