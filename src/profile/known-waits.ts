import { framePattern, relocatedPattern } from './frame-pattern.ts';

/**
 * Frames of pools and clients that say what a thread waits for better than the application frame above them, as
 * data: entries as in idle-patterns.ts. A stack that holds one is named after it.
 */
const waitsFor = {
  'pooled-connection': [
    'com/zaxxer/hikari/pool/HikariPool.getConnection',
    'org/apache/commons/dbcp2/PoolingDataSource.getConnection',
    'org/apache/tomcat/jdbc/pool/ConnectionPool.borrowConnection',
    'com/mchange/v2/resourcepool/BasicResourcePool.checkoutResource',
    'com/mchange/v2/c3p0/impl/C3P0PooledConnectionPool.checkoutPooledConnection',
    'io/agroal/pool/ConnectionPool.getConnection',
    'com/alibaba/druid/pool/DruidDataSource.getConnectionInternal',
    'oracle/ucp/jdbc/PoolDataSourceImpl.getConnection',
    'com/mongodb/internal/connection/DefaultConnectionPool.get',
    'redis/clients/jedis/util/Pool.getResource',
    'org/apache/http/impl/conn/PoolingHttpClientConnectionManager.leaseConnection',
    'org/apache/hc/client5/http/impl/io/PoolingHttpClientConnectionManager.lease*',
  ],
  'pooled-object': ['org/apache/commons/pool2/impl/GenericObjectPool.borrowObject'],
  database: [
    'org/postgresql/core/v3/QueryExecutorImpl.execute',
    'com/mysql/cj/NativeSession.execSQL',
    'org/mariadb/jdbc/client/impl/StandardClient.execute',
    'oracle/jdbc/driver/T4CTTIfun.receive',
    'com/microsoft/sqlserver/jdbc/TDSReader.readPacket',
  ],
} as const satisfies Record<string, readonly string[]>;
export type KnownWait = keyof typeof waitsFor;

export const isKnownWait = relocatedPattern(Object.values(waitsFor).flat());
const known = Object.entries(waitsFor).map(
  ([kind, entries]) => [kind as KnownWait, relocatedPattern(entries)] as const,
);
/** Pools that an application wrote itself, by what such methods are called. */
const ownPool = framePattern(
  ['get', 'borrow', 'acquire', 'take', 'checkout', 'lease'].map((method) => `*Pool.${method}*`),
);

/**
 * What a parked thread waits for in a frame, where its name says it; null for all other waits.
 * @param name as in the profile, with slashes.
 */
export function knownWait(name: string): KnownWait | null {
  const found = known.find(([, matches]) => matches(name));
  if (found !== undefined) return found[0];
  if (!ownPool(name)) return null;
  return /connection[^/]*$/i.test(name) ? 'pooled-connection' : 'pooled-object';
}
