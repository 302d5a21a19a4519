package com.acme.shop;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** GET /checkout?cart=N: prices a cart and answers its receipt. */
final class CheckoutHandler implements HttpHandler {
  private final CheckoutService service;
  private final ReceiptRenderer receipts;

  CheckoutHandler(CheckoutService service, ReceiptRenderer receipts) {
    this.service = service;
    this.receipts = receipts;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    Cart cart = Cart.of(Query.number(exchange, "cart", 7));
    double total = service.price(cart);
    byte[] body = receipts.render(cart, total).getBytes(StandardCharsets.UTF_8);
    Answer.json(exchange, 200, body);
  }
}
