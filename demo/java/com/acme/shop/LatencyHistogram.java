package com.acme.shop;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** http_server_requests_seconds as a Prometheus histogram. */
final class LatencyHistogram {
  private static final double[] BOUNDS = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

  private final Map<String, Series> series = new ConcurrentSkipListMap<>();

  void record(String uri, String method, int status, long nanos) {
    String labels = "uri=\"" + uri + "\",method=\"" + method + "\",status=\"" + status + "\"";
    series.computeIfAbsent(labels, key -> new Series()).record(nanos / 1e9);
  }

  String text() {
    StringBuilder text = new StringBuilder("# TYPE http_server_requests_seconds histogram\n");
    series.forEach((labels, one) -> one.append(text, labels));
    return text.toString();
  }

  private static final class Series {
    private final AtomicLongArray buckets = new AtomicLongArray(BOUNDS.length + 1);
    private final LongAdder nanos = new LongAdder();

    void record(double seconds) {
      int bucket = 0;
      while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]) bucket++;
      buckets.incrementAndGet(bucket);
      nanos.add((long) (seconds * 1e9));
    }

    void append(StringBuilder text, String labels) {
      long total = 0;
      for (int i = 0; i <= BOUNDS.length; i++) {
        total += buckets.get(i);
        String bound = i < BOUNDS.length ? String.format(Locale.ROOT, "%s", BOUNDS[i]) : "+Inf";
        text.append("http_server_requests_seconds_bucket{").append(labels);
        text.append(",le=\"").append(bound).append("\"} ").append(total).append('\n');
      }
      text.append("http_server_requests_seconds_count{").append(labels).append("} ").append(total).append('\n');
      text.append("http_server_requests_seconds_sum{").append(labels).append("} ");
      text.append(nanos.sum() / 1e9).append('\n');
    }
  }
}
