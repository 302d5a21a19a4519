package com.acme.shop;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;

/** POST /switch?name=NAME&on=true|false[&strength=X]: turns a fault on or off. */
final class SwitchHandler implements HttpHandler {
  private final Switches switches;

  SwitchHandler(Switches switches) {
    this.switches = switches;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    if (!exchange.getRequestMethod().equals("POST")) {
      Answer.text(exchange, 405, "POST it\n");
      return;
    }
    String name = Query.text(exchange, "name", "");
    boolean on = Boolean.parseBoolean(Query.text(exchange, "on", "true"));
    try {
      switches.set(name, on, Double.parseDouble(Query.text(exchange, "strength", "-1")));
    } catch (IllegalArgumentException cause) {
      Answer.text(exchange, 400, cause.getMessage() + "\n");
      return;
    }
    Answer.text(exchange, 200, name + (on ? " on\n" : " off\n"));
  }
}
