package com.acme.shop;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** GET /catalog?cart=N: a page of the catalogue. */
final class CatalogHandler implements HttpHandler {
  private final Catalog catalog;

  CatalogHandler(Catalog catalog) {
    this.catalog = catalog;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    Json json = new Json().open();
    catalog.search(Query.number(exchange, "cart", 7)).forEach(item -> json.field("item", item));
    Answer.json(exchange, 200, json.close().getBytes(StandardCharsets.UTF_8));
  }
}
