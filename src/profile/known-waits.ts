/**
 * Frames of pools and clients that say what a thread waits for better than the application frame above them, as
 * data: entries as in idle-patterns.ts. A stack that holds one is named after it.
 */
export const knownWaits: readonly string[] = [
  // Database connection pools.
  'com/zaxxer/hikari/pool/HikariPool.getConnection',
  'org/apache/commons/dbcp2/PoolingDataSource.getConnection',
  'org/apache/tomcat/jdbc/pool/ConnectionPool.borrowConnection',
  'com/mchange/v2/resourcepool/BasicResourcePool.checkoutResource',
  'com/mchange/v2/c3p0/impl/C3P0PooledConnectionPool.checkoutPooledConnection',
  'io/agroal/pool/ConnectionPool.getConnection',
  'com/alibaba/druid/pool/DruidDataSource.getConnectionInternal',
  'oracle/ucp/jdbc/PoolDataSourceImpl.getConnection',
  'com/mongodb/internal/connection/DefaultConnectionPool.get',
  // Pools of other things.
  'org/apache/commons/pool2/impl/GenericObjectPool.borrowObject',
  'redis/clients/jedis/util/Pool.getResource',
  'org/apache/http/impl/conn/PoolingHttpClientConnectionManager.leaseConnection',
  'org/apache/hc/client5/http/impl/io/PoolingHttpClientConnectionManager.lease*',
  // Clients that wait for an answer.
  'org/postgresql/core/v3/QueryExecutorImpl.execute',
  'com/mysql/cj/NativeSession.execSQL',
  'org/mariadb/jdbc/client/impl/StandardClient.execute',
  'oracle/jdbc/driver/T4CTTIfun.receive',
  'com/microsoft/sqlserver/jdbc/TDSReader.readPacket',
];
