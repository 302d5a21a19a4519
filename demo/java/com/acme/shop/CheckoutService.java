package com.acme.shop;

import java.io.IOException;

/** Prices a cart: rules, the customer's earlier orders, stock, loyalty points, cached list prices. */
final class CheckoutService {
  private final RuleSet rules;
  private final OrderRepository orders;
  private final InventoryClient inventory;
  private final LoyaltyService loyalty;
  private final PriceCache prices;

  CheckoutService(
      RuleSet rules,
      OrderRepository orders,
      InventoryClient inventory,
      LoyaltyService loyalty,
      PriceCache prices) {
    this.rules = rules;
    this.orders = orders;
    this.inventory = inventory;
    this.loyalty = loyalty;
    this.prices = prices;
  }

  double price(Cart cart) throws IOException {
    double total = 0;
    for (String item : cart.items()) total += prices.of(item);
    total -= rules.scan(cart);
    total -= loyalty.points(cart.customer());
    if (orders.find(cart.customer()).size() > 2) total *= 0.98;
    inventory.reserve(cart);
    Log.info("priced cart of " + cart.customer() + " at " + total);
    return total;
  }
}
