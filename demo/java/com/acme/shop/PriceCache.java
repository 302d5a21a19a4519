package com.acme.shop;

import java.util.HashMap;
import java.util.Map;

/** List prices. Fault "lock": the monitor is held while a price is refreshed. */
final class PriceCache {
  private final Map<String, Double> prices = new HashMap<>();
  private final Switches switches;
  private long refreshes;

  PriceCache(Switches switches) {
    this.switches = switches;
  }

  double of(String item) {
    return item.endsWith("0") ? refreshed(item) : 9.5 + item.length();
  }

  private synchronized double refreshed(String item) {
    double held = switches.strength("lock");
    if (held > 0) Pause.millis(held);
    refreshes++;
    return prices.computeIfAbsent(item, key -> 9.0 + key.length() + refreshes % 3);
  }
}
