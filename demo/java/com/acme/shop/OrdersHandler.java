package com.acme.shop;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** GET /orders?cart=N: the orders of a customer. */
final class OrdersHandler implements HttpHandler {
  private final OrderRepository orders;

  OrdersHandler(OrderRepository orders) {
    this.orders = orders;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    int customer = Query.number(exchange, "cart", 7);
    Json json = new Json().open();
    for (String order : orders.find(customer)) json.field("order", order);
    Answer.json(exchange, 200, json.close().getBytes(StandardCharsets.UTF_8));
  }
}
