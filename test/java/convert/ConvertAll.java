package convert;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Runs async-profiler's converter over recordings, all in one JVM: starting one for each of a hundred conversions
 * would take most of the test's time.
 *
 * Usage: convert.ConvertAll EVENT,EVENT,… RECORDING… → RECORDING.EVENT.collapsed beside each
 */
public final class ConvertAll {
  public static void main(String[] args) throws Exception {
    for (int i = 1; i < args.length; i++) {
      for (String event : args[0].split(",")) {
        Path done = Path.of(args[i] + "." + event + ".collapsed");
        Path making = Path.of(done + ".new");
        one.convert.Main.main(new String[] {"--" + event, "-o", "collapsed", args[i], making.toString()});
        if (!Files.exists(making)) Files.createFile(making);
        Files.move(making, done, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
