package com.acme.shop;

/** Loyalty points of a customer. Fault "slow": the lookup sleeps. */
final class LoyaltyService {
  private final Switches switches;

  LoyaltyService(Switches switches) {
    this.switches = switches;
  }

  double points(int customer) {
    double slow = switches.strength("slow");
    if (slow > 0) Pause.millis(slow);
    return customer % 5;
  }
}
