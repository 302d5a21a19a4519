import com.acme.shop.ShopApplication;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** The demo shop, reachable from outside its pod: it listens on loopback only, this passes port 9090 on to it. */
public final class PodApplication {
  private static final int SHOP = 8080;
  private static final int OUTSIDE = 9090;

  public static void main(String[] arguments) throws IOException {
    String load = System.getenv().getOrDefault("LOAD", "20");
    ShopApplication.main(new String[] {"--port", String.valueOf(SHOP), "--load", load});
    ServerSocket outside = new ServerSocket(OUTSIDE);
    start(
        () -> {
          while (true) {
            Socket client = outside.accept();
            Socket shop = new Socket(InetAddress.getLoopbackAddress(), SHOP);
            start(() -> pass(client, shop));
            start(() -> pass(shop, client));
          }
        });
  }

  private static void pass(Socket from, Socket to) throws IOException {
    try (from; to; InputStream in = from.getInputStream(); OutputStream out = to.getOutputStream()) {
      in.transferTo(out);
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void start(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException closed) {
                // One side has gone: so does the other.
              }
            },
            "outside");
    thread.setDaemon(true);
    thread.start();
  }
}
