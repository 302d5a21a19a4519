import type { Selector, Series } from './shape.ts';

/** Who writes a metric, as far as its name tells. */
export interface Origin {
  /**
   * `jvm`: nothing but a JVM writes it. `workload`: measured from outside, about workloads of any language. `unknown`: any
   * program may write it. `other`: about something that is not a JVM.
   */
  about: 'jvm' | 'workload' | 'unknown' | 'other';
  /** As it is called in sentences. */
  who: string;
  /** Labels of the series that lead to the JVM: what a rule should keep. Empty: its series have none. */
  keep: readonly string[];
  /** Where the other labels of a series come from. */
  scraped: 'pod' | 'cadvisor' | 'kube-state-metrics' | 'ingress' | 'traefik' | 'mesh' | 'probe' | 'exporter';
}

interface Row extends Origin {
  metrics: RegExp;
}

const pod = ['namespace', 'pod'] as const;
const row = (
  about: Origin['about'],
  who: string,
  metrics: RegExp,
  keep: readonly string[] = pod,
  scraped: Origin['scraped'] = 'pod',
): Row => ({ about, who, metrics, keep, scraped });
const kubeState = (metrics: RegExp, ...keep: string[]): Row =>
  row('workload', 'kube-state-metrics', metrics, keep, 'kube-state-metrics');

/** The first that fits. Metric names are those of the exporters' own documentation. */
const origins: readonly Row[] = [
  row(
    'jvm',
    'a JVM',
    /^(?:jvm|java_lang|jetty|tomcat|catalina|hikaricp|jdbc|r2dbc|logback|log4j2?|spring|http_server_requests_seconds|resilience4j|hystrix|undertow|wildfly|quarkus|vertx|reactor|netty|lettuce|camel|akka|pekko|kafka_(?:server|network|controller|log|cluster|coordinator|streams|connect|producer|consumer_(?:fetch|coordinator))|zookeeper|cassandra|org_apache|hadoop|hbase|flink|solr|pulsar|bookie|trino|presto|druid|activemq|artemis|jenkins|keycloak|nexus|sonarqube|agroal|hibernate)_/,
  ),
  // From outside: Kubernetes.
  row('workload', 'cAdvisor', /^container_/, ['namespace', 'pod', 'container'], 'cadvisor'),
  kubeState(/^kube_pod_/, 'namespace', 'pod'),
  kubeState(/^kube_deployment_/, 'namespace', 'deployment'),
  kubeState(/^kube_statefulset_/, 'namespace', 'statefulset'),
  kubeState(/^kube_daemonset_/, 'namespace', 'daemonset'),
  kubeState(/^kube_replicaset_/, 'namespace', 'replicaset'),
  kubeState(/^kube_job_/, 'namespace', 'job_name'),
  kubeState(/^kube_cronjob_/, 'namespace', 'cronjob'),
  kubeState(/^kube_(?:horizontalpodautoscaler|hpa)_/, 'namespace', 'horizontalpodautoscaler'),
  // From outside: proxies and meshes.
  row(
    'workload',
    'ingress-nginx',
    /^nginx_ingress_controller_(?!config|success|nginx_process|ssl|leader|build)/,
    ['exported_namespace', 'exported_service'],
    'ingress',
  ),
  row('workload', 'Traefik', /^traefik_service_/, ['service'], 'traefik'),
  row('workload', 'Kong', /^kong_(?:http|latency|request|upstream|kong)/, ['service'], 'traefik'),
  row('workload', 'HAProxy', /^haproxy_(?:backend|server)_/, ['proxy'], 'traefik'),
  row('workload', 'Istio', /^istio_/, ['destination_workload_namespace', 'destination_workload'], 'mesh'),
  row('workload', 'Hubble', /^hubble_/, ['destination'], 'mesh'),
  row('other', 'certificates, names and packets', /^probe_(?:ssl|dns|icmp)_/, []),
  row('workload', 'a blackbox probe', /^probe_/, [], 'probe'),
  row(
    'workload',
    "Kafka's consumer groups",
    /^(?:kafka_consumergroup|kminion_kafka_consumer)_/,
    [],
    'exporter',
  ),
  row('other', 'Kafka as a whole', /^kafka_(?:topic|brokers|burrow)|^kminion_/, []),
  row(
    'other',
    'an Elasticsearch cluster as a whole',
    /^elasticsearch_(?:cluster|clustersettings|slm|snapshot)_/,
    [],
  ),
  row(
    'workload',
    "Elasticsearch's exporter",
    /^elasticsearch_/,
    ['namespace', 'name', 'es_data_node'],
    'exporter',
  ),
  // Not JVMs.
  row('other', 'the node exporter', /^(?:node|windows|wmi)_|^instance:node_/, []),
  row(
    'other',
    'the kubelet',
    /^(?:kubelet|volume_manager|storage_operation|cadvisor)_|^machine_(?:cpu|memory|nvm|scrape)/,
    [],
  ),
  row(
    'other',
    "Kubernetes' control plane",
    /^(?:apiserver|etcd|workqueue|rest_client|aggregator|kubeproxy|kubernetes|cluster_autoscaler|karpenter|apiextensions|cloudprovider)_|^scheduler_(?:pending|schedul|e2e|binding|framework|preemption|pod)/,
    [],
  ),
  row('other', 'kube-state-metrics, about other objects', /^kube_/, []),
  row('other', 'cluster DNS', /^(?:coredns|skydns|kubedns|nodelocaldns|node_cache)_/, []),
  row(
    'other',
    'the monitoring itself',
    /^ALERTS(?:_FOR_STATE)?$|^(?:prometheus|alertmanager|net_conntrack|config_reloader|reloader|grafana|loki|promtail|tempo|cortex|mimir|thanos|vm|vmagent|vmalert|vminsert|vmselect|vmstorage|alloy|pyroscope|otelcol|fluentd|fluentbit|pushgateway|jaeger|statsd_exporter|blackbox_exporter)_/,
    [],
  ),
  row(
    'other',
    'a program in another language',
    /^(?:go|python|nodejs|dotnet|ruby|php|phpfpm|erlang|beam|puma|sidekiq|gunicorn|aspnetcore|kestrel|promhttp)_/,
    [],
  ),
  row(
    'other',
    'a database or broker that is not a JVM',
    /^(?:mysql|mariadb|pg|postgres|postgresql|pgbouncer|patroni|redis|mongodb|mongo|memcached|rabbitmq|nats|clickhouse|cockroach|oracledb|mssql|couchdb|influxdb|minio|ceph|vault|consul|nomad|zfs|openebs|longhorn|cnpg|barman)_|^[Cc]lickHouse/,
    [],
  ),
  row(
    'other',
    'infrastructure',
    /^(?:certmanager|argocd|argo|gotk|controller_runtime|cilium|felix|calico|pilot|citadel|galley|envoy_server|traefik|nginx|apache|haproxy|caddy|kong|velero|snmp|ipmi|smartctl|apcupsd|aws|azure|stackdriver|cloudflare|digitalocean|gitaly|gitlab|engine_daemon|ebpf|openstack|pve|netdata|systemd|freeswitch|meilisearch|litellm|junos|wireguard|bind|unbound|chrony)_/,
    [],
  ),
];

const unknownOrigin: Origin = { about: 'unknown', who: 'any program', keep: pod, scraped: 'pod' };

/** Scrape jobs of what is not a JVM, as kube-prometheus and the exporters' charts call them, with the release before it. */
const otherJobs =
  /^(?:(?!.*jmx).+-)?(?:kubelet|apiserver|kube-(?:apiserver|controller-manager|scheduler|proxy|etcd|dns|state-metrics)|etcd|coredns|node-exporter|prometheus(?:-k8s|-server)?|alertmanager(?:-main)?|grafana|loki|cadvisor|windows-exporter|operator|blackbox-exporter|(?:mysql|postgres|redis|mongodb|rabbitmq|memcached|nginx|haproxy|snmp)[-_]exporter)$|^(?:node|thanos-.*)$/;

/** A name, or a pattern that holds it: `.*etcd.*`. */
export const isOtherJob = (job: string): boolean => otherJobs.test(job.replaceAll(/\.[*+]/g, ''));

/** Who writes the series of a selector. */
export function originOf({ metric, matchers }: Selector): Origin {
  const byName = metric === null ? null : originOfName(metric);
  if (byName !== null && byName.about !== 'unknown') return byName;
  const job = matchers.find(
    ({ label, operator }) => label === 'job' && operator !== '!=' && operator !== '!~',
  );
  if (job !== undefined && job.value.split('|').every(isOtherJob))
    return { about: 'other', who: `the job ${job.value}`, keep: [], scraped: 'pod' };
  return byName ?? unknownOrigin;
}

/** A recording rule's name holds its metric between colons: `level:metric:operations`. */
function originOfName(metric: string): Origin {
  const [level = '', ...rest] = metric.split(':');
  for (const part of rest.length === 0 ? [level] : rest) {
    const found = origins.find(({ metrics }) => metrics.test(part));
    if (found !== undefined) return found;
  }
  return unknownOrigin;
}

/** What a rule is about: of several, a JVM before workloads, those before what may be anything. */
export function originOfAll(series: readonly Series[]): Origin | null {
  const all = series.filter(({ absent }) => !absent).map(({ selector }) => originOf(selector));
  for (const about of ['jvm', 'workload', 'unknown', 'other'] as const) {
    const found = all.find((each) => each.about === about);
    if (found !== undefined) return found;
  }
  return null;
}

/** Whether some of its series are about something that is not a JVM: capacity of nodes, quotas. */
export const isMixed = (series: readonly Series[]): boolean =>
  series.some(({ selector }) => originOf(selector).about === 'other');
