package com.acme.shop;

import java.util.ArrayList;
import java.util.List;

/** What a customer is about to buy. */
record Cart(int customer, List<String> items) {
  static Cart of(int customer) {
    List<String> items = new ArrayList<>();
    for (int i = 0; i < 5; i++) items.add("item-" + (customer * 31 + i) % 1000 + "abc" + i);
    return new Cart(customer, items);
  }
}
