/**
 * Software that is a framework to most, and the application itself where it runs alone. `runs` are packages that only the
 * running program has, not the client libraries that others use; `packages` are then application code.
 */
export const programs: readonly { runs: readonly string[]; packages: readonly string[] }[] = [
  {
    runs: ['kafka.server', 'kafka.network', 'org.apache.kafka.server', 'org.apache.kafka.connect.runtime'],
    packages: ['kafka', 'org.apache.kafka'],
  },
  { runs: ['org.apache.zookeeper.server'], packages: ['org.apache.zookeeper'] },
  { runs: ['org.keycloak.quarkus', 'org.keycloak.services'], packages: ['org.keycloak'] },
  { runs: ['org.jboss.as', 'org.wildfly.extension'], packages: ['org.jboss.as', 'org.wildfly'] },
  {
    runs: ['org.apache.spark.deploy', 'org.apache.spark.executor', 'org.apache.spark.scheduler'],
    packages: ['org.apache.spark'],
  },
  { runs: ['org.apache.flink.runtime'], packages: ['org.apache.flink'] },
  {
    runs: ['org.apache.activemq.artemis.core.server', 'org.apache.activemq.broker'],
    packages: ['org.apache.activemq'],
  },
  { runs: ['org.apache.cassandra.service'], packages: ['org.apache.cassandra'] },
  { runs: ['org.apache.solr.core'], packages: ['org.apache.solr', 'org.apache.lucene'] },
  { runs: ['org.elasticsearch.node'], packages: ['org.elasticsearch', 'org.apache.lucene'] },
  { runs: ['org.opensearch.node'], packages: ['org.opensearch', 'org.apache.lucene'] },
  { runs: ['org.infinispan.server'], packages: ['org.infinispan'] },
];

/** Main classes that start somebody else's program: they say nothing about whose it is. */
export const launchers: readonly string[] = [
  'com.sun',
  'io.micronaut',
  'io.quarkus',
  'jdk',
  'java',
  'org.apache.catalina',
  'org.apache.maven',
  'org.codehaus',
  'org.eclipse.jetty',
  'org.gradle',
  'org.jboss.modules',
  'org.springframework',
  'scala',
  'sun',
];
