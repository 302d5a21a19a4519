package com.acme.shop;

import com.sun.management.OperatingSystemMXBean;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.lang.management.ManagementFactory;

/** GET /metrics, in Prometheus' text format. */
final class MetricsHandler implements HttpHandler {
  private final LatencyHistogram latency;
  private final OperatingSystemMXBean system =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  MetricsHandler(LatencyHistogram latency) {
    this.latency = latency;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    String text = latency.text() + "# TYPE process_cpu_seconds_total counter\n";
    Answer.text(exchange, 200, text + "process_cpu_seconds_total " + system.getProcessCpuTime() / 1e9 + "\n");
  }
}
