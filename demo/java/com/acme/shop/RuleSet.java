package com.acme.shop;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Discount rules, each a pattern over the names of items. Fault "burn": scanning takes a share of one core. */
final class RuleSet {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final List<Pattern> rules = new ArrayList<>();
  private final Switches switches;
  private long paidUntil = System.nanoTime();

  RuleSet(int count, Switches switches) {
    this.switches = switches;
    for (int i = 0; i < count; i++) rules.add(Pattern.compile("(item|sku)-" + i % 10 + "\\d*[a-f]+" + i));
  }

  /** Sum of the discounts that apply. */
  double scan(Cart cart) {
    double discount = 0;
    for (String item : cart.items()) {
      for (Pattern rule : rules) {
        if (matches(rule, item)) discount += 0.1;
      }
    }
    long owed = owedNanos();
    return owed > 0 ? discount + rescan(cart, owed) : discount;
  }

  private static boolean matches(Pattern rule, String item) {
    return rule.matcher(item).find();
  }

  /** The fault: the same work again, until the thread has used as much CPU time as is owed. */
  private double rescan(Cart cart, long nanos) {
    long end = THREADS.getCurrentThreadCpuTime() + nanos;
    double discount = 0;
    while (THREADS.getCurrentThreadCpuTime() < end) {
      for (Pattern rule : rules) {
        if (matches(rule, cart.items().get(0))) discount += 0.1;
      }
    }
    return discount;
  }

  /** CPU time to burn in this request so that all requests together burn `strength` cores, whatever the load. */
  private synchronized long owedNanos() {
    long now = System.nanoTime();
    long since = Math.min(now - paidUntil, 250_000_000L);
    paidUntil = now;
    return (long) (since * switches.strength("burn"));
  }
}
