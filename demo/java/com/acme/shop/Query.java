package com.acme.shop;

import com.sun.net.httpserver.HttpExchange;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/** Parameters of a request's query. */
final class Query {
  private Query() {}

  static String text(HttpExchange exchange, String name, String otherwise) {
    String query = exchange.getRequestURI().getRawQuery();
    if (query == null) return otherwise;
    for (String pair : query.split("&")) {
      int equals = pair.indexOf('=');
      if (equals > 0 && pair.substring(0, equals).equals(name)) {
        return URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8);
      }
    }
    return otherwise;
  }

  static int number(HttpExchange exchange, String name, int otherwise) {
    return Integer.parseInt(text(exchange, name, Integer.toString(otherwise)));
  }
}
