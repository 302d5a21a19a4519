package com.acme.shop;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/** Which faults are on, and how strong; the unit of the strength depends on the fault. */
final class Switches {
  /** slow: ms; burn: share of one core; lock: ms held; pool: connections lost; alloc: MB a request; io: ms. */
  static final List<String> NAMES = List.of("slow", "burn", "lock", "pool", "alloc", "io");

  private static final List<Double> DEFAULT_STRENGTHS = List.of(200.0, 0.5, 40.0, 7.0, 2.0, 200.0);

  private final ConcurrentHashMap<String, Double> strengths = new ConcurrentHashMap<>();

  /** Strength of a fault; 0 when it is off. */
  double strength(String name) {
    return strengths.getOrDefault(name, 0.0);
  }

  boolean isOn(String name) {
    return strengths.containsKey(name);
  }

  /** A negative strength means the fault's default. */
  void set(String name, boolean on, double strength) {
    int index = NAMES.indexOf(name);
    if (index < 0) throw new IllegalArgumentException("no switch " + name + ", there are " + NAMES);
    if (on) strengths.put(name, strength < 0 ? DEFAULT_STRENGTHS.get(index) : strength);
    else strengths.remove(name);
  }
}
