package com.acme.shop;

/** Receipts as JSON. Fault "alloc": every receipt is first drawn into a large buffer. */
final class ReceiptRenderer {
  private static final int CHUNK = 64 * 1024;

  private final Switches switches;
  private volatile byte[] canvas = new byte[0];

  ReceiptRenderer(Switches switches) {
    this.switches = switches;
  }

  String render(Cart cart, double total) {
    long wanted = (long) (switches.strength("alloc") * 1024 * 1024);
    for (long drawn = 0; drawn < wanted; drawn += CHUNK) canvas = new byte[CHUNK];
    Json json = new Json().open().field("customer", "c-" + cart.customer());
    for (String item : cart.items()) json.field("item", item);
    return json.field("total", String.format("%.2f", total)).close();
  }
}
