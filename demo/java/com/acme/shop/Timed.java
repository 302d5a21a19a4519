package com.acme.shop;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;

/** Measures a handler and answers 503 for it when it throws. */
final class Timed implements HttpHandler {
  private final HttpHandler handler;
  private final String uri;
  private final LatencyHistogram latency;

  Timed(HttpHandler handler, String uri, LatencyHistogram latency) {
    this.handler = handler;
    this.uri = uri;
    this.latency = latency;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    long begun = System.nanoTime();
    int status = 200;
    try {
      handler.handle(exchange);
    } catch (IllegalStateException cause) {
      status = 503;
      Answer.text(exchange, status, cause.getMessage() + "\n");
    } finally {
      latency.record(uri, exchange.getRequestMethod(), status, System.nanoTime() - begun);
    }
  }
}
