package com.acme.shop;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Items that can be bought. */
final class Catalog {
  private final List<String> items = new ArrayList<>();

  Catalog(int size) {
    for (int i = 0; i < size; i++) items.add("item-" + Integer.toHexString(i * 7919));
  }

  List<String> search(int seed) {
    return items.stream()
        .filter(item -> (item.hashCode() ^ seed) % 3 != 0)
        .sorted(Comparator.comparing((String item) -> item.hashCode() * 31 ^ seed))
        .limit(20)
        .collect(Collectors.toList());
  }
}
