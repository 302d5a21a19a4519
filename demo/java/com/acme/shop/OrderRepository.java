package com.acme.shop;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Orders in the "database". */
final class OrderRepository {
  private final ConnectionPool pool;

  OrderRepository(ConnectionPool pool) {
    this.pool = pool;
  }

  List<String> find(int customer) throws IOException {
    Connection connection = pool.getConnection();
    try {
      connection.query(customer);
    } finally {
      pool.release(connection);
    }
    return map(customer);
  }

  private static List<String> map(int customer) {
    List<String> orders = new ArrayList<>();
    for (int i = 0; i < customer % 6; i++) orders.add("order-" + customer + "-" + i);
    return orders;
  }
}
