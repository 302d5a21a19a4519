/**
 * Expressions as alerting rules have them, written after the rule named: awesome-prometheus-alerts (apa), kubernetes-mixin
 * (km), kube-prometheus (kp), jvm-mixin, Linkerd, sloth, pyrra, Micrometer's and OpenTelemetry's metrics.
 */
export interface RuleExpression {
  rule: string;
  expression: string;
  /** By pod and without the threshold; null where the expression cannot say which pod it is. */
  byPod: string | null;
  /** Without its `and` conditions; default: it has none. */
  unconditional?: string;
  /** Default true: the alert fires on large values. */
  largest?: boolean;
  /** Only Prometheus 3 has quoted names. */
  utf8?: boolean;
}

const added = 'pod, namespace, instance, cluster';
const ofPod = `by (${added})`;

export const ruleExpressions: readonly RuleExpression[] = [
  {
    rule: 'Micrometer, p95 by uri',
    expression:
      'histogram_quantile(0.95, sum by (le, namespace, deployment, uri) (rate(http_server_requests_seconds_bucket[5m]))) > 1',
    byPod:
      'histogram_quantile(0.95, sum by (le, namespace, deployment, uri, pod, instance, cluster) (rate(http_server_requests_seconds_bucket[5m])))',
  },
  {
    rule: 'Micrometer, mean by uri and method',
    expression:
      'sum by (uri, method) (rate(http_server_requests_seconds_sum[5m])) / sum by (uri, method) (rate(http_server_requests_seconds_count[5m])) > 0.5',
    byPod: `sum by (uri, method, ${added}) (rate(http_server_requests_seconds_sum[5m])) / sum by (uri, method, ${added}) (rate(http_server_requests_seconds_count[5m]))`,
  },
  {
    rule: 'Micrometer, share of 5xx',
    expression:
      'sum(rate(http_server_requests_seconds_count{status=~"5.."}[5m])) / sum(rate(http_server_requests_seconds_count[5m])) * 100 > 5',
    byPod: `sum ${ofPod}(rate(http_server_requests_seconds_count{status=~"5.."}[5m])) / sum ${ofPod}(rate(http_server_requests_seconds_count[5m])) * 100`,
  },
  {
    rule: 'Micrometer, slow requests with enough of them',
    expression:
      'http_server_requests_seconds_max{uri!~"/actuator.*"} > 2 and on (uri) sum by (uri) (rate(http_server_requests_seconds_count[5m])) > 1',
    byPod: `http_server_requests_seconds_max{uri!~"/actuator.*"} and on (uri) sum by (uri, ${added}) (rate(http_server_requests_seconds_count[5m])) > 1`,
    unconditional: 'http_server_requests_seconds_max{uri!~"/actuator.*"}',
  },
  {
    rule: 'Micrometer, Tomcat threads',
    expression: 'tomcat_threads_busy_threads / tomcat_threads_config_max_threads > 0.9',
    byPod: 'tomcat_threads_busy_threads / tomcat_threads_config_max_threads',
  },
  {
    rule: 'Micrometer, Hikari pool used up',
    expression: 'hikaricp_connections_pending{pool!=""} > 0',
    byPod: 'hikaricp_connections_pending{pool!=""}',
  },
  {
    rule: 'Micrometer, GC pauses',
    expression: 'sum by (application) (increase(jvm_gc_pause_seconds_sum[5m])) / 300 > 0.1',
    byPod: `sum by (application, ${added}) (increase(jvm_gc_pause_seconds_sum[5m])) / 300`,
  },
  {
    rule: 'Micrometer, the slowest five',
    expression: 'topk(5, max by (uri) (http_server_requests_seconds_max{outcome="SUCCESS"})) > 3',
    byPod: `max by (uri, ${added}) (http_server_requests_seconds_max{outcome="SUCCESS"})`,
  },
  {
    rule: 'apa JvmMemoryFillingUp',
    expression:
      '(sum by (instance)(jvm_memory_used_bytes{area="heap"}) / sum by (instance)(jvm_memory_max_bytes{area="heap"})) * 100 > 80',
    byPod:
      '(sum by (instance, pod, namespace, cluster)(jvm_memory_used_bytes{area="heap"}) / sum by (instance, pod, namespace, cluster)(jvm_memory_max_bytes{area="heap"})) * 100',
  },
  {
    rule: 'jvm-mixin JvmThreadsDeadlocked',
    expression: '(jvm_threads_deadlocked) > 0',
    byPod: 'jvm_threads_deadlocked',
  },
  {
    rule: 'jvm-mixin JvmMemoryFillingUp, of the heap alone',
    expression: 'jvm_memory_used_bytes{area="heap"} > 0.8 * jvm_memory_max_bytes{area="heap"}',
    byPod: 'jvm_memory_used_bytes{area="heap"} > 0.8 * jvm_memory_max_bytes{area="heap"}',
  },
  {
    rule: 'apa IstioKubernetesGatewayAvailabilityDrop',
    expression:
      'min(kube_deployment_status_replicas_available{namespace="istio-system"}) without (instance, pod) < 2',
    byPod: 'min(kube_deployment_status_replicas_available{namespace="istio-system"}) without ()',
    largest: false,
  },
  {
    rule: 'apa IstioLowTotalRequestRate',
    expression: 'sum(rate(istio_requests_total{reporter="destination"}[5m])) < 100',
    byPod: `sum ${ofPod}(rate(istio_requests_total{reporter="destination"}[5m]))`,
    largest: false,
  },
  {
    rule: 'apa IstioHigh5xxErrorRate',
    expression:
      'sum(rate(istio_requests_total{response_code=~"5.*"}[5m])) / sum(rate(istio_requests_total[5m])) * 100 > 5',
    byPod: `sum ${ofPod}(rate(istio_requests_total{response_code=~"5.*"}[5m])) / sum ${ofPod}(rate(istio_requests_total[5m])) * 100`,
  },
  {
    rule: 'apa IstioHighRequestLatency',
    expression:
      'rate(istio_request_duration_milliseconds_sum[1m]) / rate(istio_request_duration_milliseconds_count[1m]) > 100',
    byPod:
      'rate(istio_request_duration_milliseconds_sum[1m]) / rate(istio_request_duration_milliseconds_count[1m])',
  },
  {
    rule: 'apa IstioLatency99Percentile',
    expression:
      'histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket[1m])) by (destination_canonical_service, destination_workload_namespace, le)) > 1',
    byPod: `histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket[1m])) by (destination_canonical_service, destination_workload_namespace, le, ${added}))`,
  },
  {
    rule: 'Linkerd, success rate of a deployment',
    expression:
      'sum(rate(response_total{classification="failure"}[1m])) by (deployment, statefulset, daemonset) / sum(rate(response_total[1m])) by (deployment, statefulset, daemonset) * 100 > 10',
    byPod: `sum(rate(response_total{classification="failure"}[1m])) by (deployment, statefulset, daemonset, ${added}) / sum(rate(response_total[1m])) by (deployment, statefulset, daemonset, ${added}) * 100`,
  },
  {
    rule: 'apa TraefikHighHttp5xxErrorRateService',
    expression:
      'sum(rate(traefik_service_requests_total{code=~"5.*"}[3m])) by (service) / sum(rate(traefik_service_requests_total[3m])) by (service) * 100 > 5',
    byPod: `sum(rate(traefik_service_requests_total{code=~"5.*"}[3m])) by (service, ${added}) / sum(rate(traefik_service_requests_total[3m])) by (service, ${added}) * 100`,
  },
  {
    rule: 'apa NginxLatencyHigh',
    expression:
      'histogram_quantile(0.99, sum(rate(nginx_http_request_duration_seconds_bucket[2m])) by (host, node, le)) > 3',
    byPod: `histogram_quantile(0.99, sum(rate(nginx_http_request_duration_seconds_bucket[2m])) by (host, node, le, ${added}))`,
  },
  {
    rule: 'ingress-nginx, failed requests',
    expression:
      'sum by (exported_namespace, ingress) (rate(nginx_ingress_controller_requests{status=~"5.."}[1m])) > bool 1',
    byPod: `sum by (exported_namespace, ingress, ${added}) (rate(nginx_ingress_controller_requests{status=~"5.."}[1m]))`,
  },
  {
    rule: 'km CPUThrottlingHigh',
    expression: `sum(increase(container_cpu_cfs_throttled_periods_total{container!=""}[5m])) by (cluster, container, pod, namespace)
  /
sum(increase(container_cpu_cfs_periods_total[5m])) by (cluster, container, pod, namespace)
  > ( 25 / 100 )`,
    byPod: `sum(increase(container_cpu_cfs_throttled_periods_total{container!=""}[5m])) by (cluster, container, pod, namespace)
  /
sum(increase(container_cpu_cfs_periods_total[5m])) by (cluster, container, pod, namespace)`,
  },
  {
    rule: 'km KubePodCrashLooping',
    expression: 'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) >= 1',
    byPod: 'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m])',
  },
  {
    rule: 'km KubePodNotReady',
    expression:
      'sum by (namespace, pod, cluster) (max by (namespace, pod, cluster) (kube_pod_status_phase{phase=~"Pending|Unknown"}) * on (namespace, pod, cluster) group_left(owner_kind) topk by (namespace, pod, cluster) (1, max by (namespace, pod, owner_kind, cluster) (kube_pod_owner{owner_kind!="Job"}))) > 0',
    byPod:
      'sum by (namespace, pod, cluster) (max by (namespace, pod, cluster) (kube_pod_status_phase{phase=~"Pending|Unknown"}) * on (namespace, pod, cluster) group_left(owner_kind) topk by (namespace, pod, cluster) (1, max by (namespace, pod, owner_kind, cluster) (kube_pod_owner{owner_kind!="Job"})))',
  },
  {
    rule: 'km KubeDeploymentReplicasMismatch',
    expression: `(
  kube_deployment_spec_replicas > kube_deployment_status_replicas_available
) and (
  changes(kube_deployment_status_replicas_updated[10m]) == 0
)`,
    byPod:
      'kube_deployment_spec_replicas > kube_deployment_status_replicas_available and (\n  changes(kube_deployment_status_replicas_updated[10m]) == 0\n)',
    unconditional: 'kube_deployment_spec_replicas > kube_deployment_status_replicas_available',
  },
  {
    rule: 'km KubeDeploymentGenerationMismatch',
    expression: 'kube_deployment_status_observed_generation != kube_deployment_metadata_generation',
    byPod: 'kube_deployment_status_observed_generation != kube_deployment_metadata_generation',
  },
  {
    rule: 'km KubeJobNotCompleted',
    expression:
      'time() - max by (namespace, job_name) (kube_job_status_start_time and kube_job_status_active > 0) > 43200',
    byPod:
      'time() - max by (namespace, job_name, pod, instance, cluster) (kube_job_status_start_time and kube_job_status_active > 0)',
  },
  {
    rule: 'km KubeCPUOvercommit, simplified',
    expression:
      'sum(namespace_cpu:kube_pod_container_resource_requests:sum) - sum(kube_node_status_allocatable{resource="cpu"}) > 0',
    byPod: `sum ${ofPod}(namespace_cpu:kube_pod_container_resource_requests:sum) - sum ${ofPod}(kube_node_status_allocatable{resource="cpu"})`,
  },
  {
    rule: 'km KubeHpaMaxedOut',
    expression:
      'kube_horizontalpodautoscaler_status_current_replicas == kube_horizontalpodautoscaler_spec_max_replicas',
    byPod:
      'kube_horizontalpodautoscaler_status_current_replicas == kube_horizontalpodautoscaler_spec_max_replicas',
  },
  {
    rule: 'km, CPU of the pods of a workload',
    expression:
      'sum by (namespace, workload) (node_namespace_pod_container:container_cpu_usage_seconds_total:sum_irate * on (namespace, pod) group_left(workload) namespace_workload_pod:kube_pod_owner:relabel{workload_type="deployment"}) > 4',
    byPod:
      'sum by (namespace, workload, pod, instance, cluster) (node_namespace_pod_container:container_cpu_usage_seconds_total:sum_irate * on (namespace, pod) group_left(workload) namespace_workload_pod:kube_pod_owner:relabel{workload_type="deployment"})',
  },
  {
    rule: 'kp TargetDown',
    expression:
      '100 * (count(up == 0) by (cluster, job, namespace, service) / count(up) by (cluster, job, namespace, service)) > 10',
    byPod:
      '100 * (count(up == 0) by (cluster, job, namespace, service, pod, instance) / count(up) by (cluster, job, namespace, service, pod, instance))',
  },
  { rule: 'kp Watchdog', expression: 'vector(1)', byPod: 'vector(1)' },
  {
    rule: 'km KubeletDown',
    expression: 'absent(up{job="kubelet", metrics_path="/metrics"} == 1)',
    byPod: null,
  },
  {
    rule: 'apa KubernetesContainerOomKiller',
    expression:
      '(kube_pod_container_status_restarts_total - kube_pod_container_status_restarts_total offset 10m >= 1) and ignoring (reason) min_over_time(kube_pod_container_status_last_terminated_reason{reason="OOMKilled"}[10m]) == 1',
    byPod:
      'kube_pod_container_status_restarts_total - kube_pod_container_status_restarts_total offset 10m and ignoring (reason) min_over_time(kube_pod_container_status_last_terminated_reason{reason="OOMKilled"}[10m]) == 1',
    unconditional:
      'kube_pod_container_status_restarts_total - kube_pod_container_status_restarts_total offset 10m',
  },
  {
    rule: 'apa KubernetesStatefulsetDown',
    expression: 'kube_statefulset_replicas != kube_statefulset_status_replicas_ready > 0',
    byPod: 'kube_statefulset_replicas != kube_statefulset_status_replicas_ready',
  },
  {
    rule: 'apa KubernetesStatefulsetUpdateNotRolledOut',
    expression:
      'max without (revision) (kube_statefulset_status_current_revision unless kube_statefulset_status_update_revision) * (kube_statefulset_replicas != kube_statefulset_status_replicas_updated)',
    byPod: null,
  },
  {
    rule: 'apa KubernetesDaemonsetRolloutStuck',
    expression:
      'kube_daemonset_status_number_ready / kube_daemonset_status_desired_number_scheduled * 100 < 100 or kube_daemonset_status_desired_number_scheduled - kube_daemonset_status_current_number_scheduled > 0',
    byPod: null,
  },
  {
    rule: 'apa KubernetesApiServerLatency',
    expression:
      'histogram_quantile(0.99, sum(rate(apiserver_request_latencies_bucket{subresource!="log"} [10m])) WITHOUT (instance, resource)) / 1e+06 > 1',
    byPod:
      'histogram_quantile(0.99, sum(rate(apiserver_request_latencies_bucket{subresource!="log"} [10m])) WITHOUT (resource)) / 1e+06',
  },
  {
    rule: 'apa KubernetesOutOfCapacity',
    expression:
      'sum by (node) ((kube_pod_status_phase{phase="Running"} == 1) + on(uid) group_left(node) (0 * kube_pod_info{pod_template_hash=""})) / sum by (node) (kube_node_status_allocatable{resource="pods"}) * 100 > 90',
    byPod: `sum by (node, ${added}) ((kube_pod_status_phase{phase="Running"} == 1) + on(uid) group_left(node) (0 * kube_pod_info{pod_template_hash=""})) / sum by (node, ${added}) (kube_node_status_allocatable{resource="pods"}) * 100`,
  },
  {
    rule: 'apa KubernetesHpaUnderutilized',
    expression:
      'max(quantile_over_time(0.5, kube_horizontalpodautoscaler_status_desired_replicas[1d]) == kube_horizontalpodautoscaler_spec_min_replicas) by (horizontalpodautoscaler) > 3',
    byPod: `max(quantile_over_time(0.5, kube_horizontalpodautoscaler_status_desired_replicas[1d]) == kube_horizontalpodautoscaler_spec_min_replicas) by (horizontalpodautoscaler, ${added})`,
  },
  {
    rule: 'apa ContainerHighCpuUtilization',
    expression:
      '(sum(rate(container_cpu_usage_seconds_total{container!=""}[5m])) by (pod, container) / sum(container_spec_cpu_quota{container!=""}/container_spec_cpu_period{container!=""}) by (pod, container) * 100) > 80',
    byPod:
      'sum(rate(container_cpu_usage_seconds_total{container!=""}[5m])) by (pod, container, namespace, cluster) / sum(container_spec_cpu_quota{container!=""}/container_spec_cpu_period{container!=""}) by (pod, container, namespace, cluster) * 100',
  },
  {
    rule: 'apa KafkaConsumerLag',
    expression: 'sum(kafka_consumergroup_lag) by (consumergroup) > 10000',
    byPod: `sum(kafka_consumergroup_lag) by (consumergroup, ${added})`,
  },
  {
    rule: 'Strimzi, under-replicated partitions',
    expression: 'kafka_server_replicamanager_underreplicatedpartitions{strimzi_io_name!~".+-mirror"} > 0',
    byPod: 'kafka_server_replicamanager_underreplicatedpartitions{strimzi_io_name!~".+-mirror"}',
  },
  {
    rule: 'Keycloak, failed logins',
    expression:
      'sum by (realm) (rate(keycloak_failed_login_attempts[5m])) / (sum by (realm) (rate(keycloak_logins[5m])) + sum by (realm) (rate(keycloak_failed_login_attempts[5m]))) > 0.3',
    byPod: `sum by (realm, ${added}) (rate(keycloak_failed_login_attempts[5m])) / (sum by (realm, ${added}) (rate(keycloak_logins[5m])) + sum by (realm, ${added}) (rate(keycloak_failed_login_attempts[5m])))`,
  },
  {
    rule: 'Elasticsearch exporter, heap',
    expression:
      '100 < (elasticsearch_jvm_memory_used_bytes{area="heap"} / elasticsearch_jvm_memory_max_bytes{area="heap"}) * 100',
    byPod:
      '(elasticsearch_jvm_memory_used_bytes{area="heap"} / elasticsearch_jvm_memory_max_bytes{area="heap"}) * 100',
  },
  {
    rule: 'Cassandra, pending compactions, smoothed',
    expression: 'avg_over_time(sum by (cassandra_cluster) (cassandra_compaction_pendingtasks)[30m:1m]) > 100',
    byPod: `avg_over_time(sum by (cassandra_cluster, ${added}) (cassandra_compaction_pendingtasks)[30m:1m])`,
  },
  {
    rule: 'sloth, page on a burn rate in two windows',
    expression:
      '(max(slo:sli_error:ratio_rate5m{sloth_id="shop"} > (14.4 * 0.001)) without (sloth_window) and max(slo:sli_error:ratio_rate1h{sloth_id="shop"} > (14.4 * 0.001)) without (sloth_window)) or (max(slo:sli_error:ratio_rate30m{sloth_id="shop"} > (6 * 0.001)) without (sloth_window))',
    byPod: null,
  },
  {
    rule: 'pyrra, ErrorBudgetBurn',
    expression:
      'http_requests:burnrate5m{slo="shop"} > (14 * (1 - 0.99)) and http_requests:burnrate1h{slo="shop"} > (14 * (1 - 0.99))',
    byPod:
      'http_requests:burnrate5m{slo="shop"} and http_requests:burnrate1h{slo="shop"} > (14 * (1 - 0.99))',
    unconditional: 'http_requests:burnrate5m{slo="shop"}',
  },
  {
    rule: 'pyrra, a service that is gone',
    expression: 'absent_over_time(http_requests_total{job="shop"}[10m]) == 1',
    byPod: null,
  },
  {
    rule: 'OpenTelemetry, p99 by route, underscored',
    expression:
      'histogram_quantile(0.99, sum by (le, http_route) (rate(http_server_request_duration_seconds_bucket{service_name="checkout"}[5m]))) > 0.5',
    byPod: `histogram_quantile(0.99, sum by (le, http_route, ${added}) (rate(http_server_request_duration_seconds_bucket{service_name="checkout"}[5m])))`,
  },
  {
    rule: 'OpenTelemetry, p99 by route, dotted',
    expression:
      'histogram_quantile(0.99, sum by (le, "http.route") (rate({"http.server.request.duration_bucket", "service.name"="checkout"}[5m]))) > 0.5',
    byPod: `histogram_quantile(0.99, sum by (le, "http.route", ${added}) (rate({"http.server.request.duration_bucket", "service.name"="checkout"}[5m])))`,
    utf8: true,
  },
  {
    rule: 'OpenTelemetry, native histogram',
    expression:
      'histogram_quantile(0.99, sum by ("k8s.deployment.name") (rate({"http.server.request.duration"}[5m]))) > 0.5',
    byPod: `histogram_quantile(0.99, sum by ("k8s.deployment.name", ${added}) (rate({"http.server.request.duration"}[5m])))`,
    utf8: true,
  },
  {
    rule: 'traffic that fell against last week',
    expression:
      'sum by (deployment) (rate(http_requests_total[10m])) / on (deployment) sum by (deployment) (rate(http_requests_total[10m] offset 1w)) < 0.5',
    byPod: `sum by (deployment, ${added}) (rate(http_requests_total[10m])) / on (deployment, ${added}) sum by (deployment, ${added}) (rate(http_requests_total[10m] offset 1w))`,
    largest: false,
  },
  {
    rule: 'the share of one pod in the whole',
    expression:
      'rate(http_requests_total[5m]) / ignoring (pod, instance) group_left sum without (pod, instance) (rate(http_requests_total[5m])) > 0.5',
    byPod:
      'rate(http_requests_total[5m]) / ignoring () group_left sum without () (rate(http_requests_total[5m]))',
  },
  {
    rule: 'usage against the quota of a team',
    expression:
      'sum by (namespace) (container_memory_working_set_bytes) * on (namespace) group_left(cluster, team) max by (namespace, cluster, team) (team_info) > 1e9',
    byPod:
      'sum by (namespace, pod, instance, cluster) (container_memory_working_set_bytes) * on (namespace, pod, instance) group_left(cluster, team) max by (namespace, cluster, team, pod, instance) (team_info)',
  },
  {
    rule: 'a batch that is overdue',
    expression: 'max by (job_name) (batch_last_success_timestamp_seconds @ end()) < time() - 2 * 86400',
    byPod: `max by (job_name, ${added}) (batch_last_success_timestamp_seconds @ end())`,
    largest: false,
  },
  {
    rule: 'a threshold that is a series of its own',
    expression: 'sum by (service) (rate(errors_total[5m])) > scalar(error_budget{service="shop"})',
    byPod: `sum by (service, ${added}) (rate(errors_total[5m]))`,
  },
  {
    rule: 'a comment at the end of the line',
    expression: 'sum(queue_size) # by (pod), some day\n  > 3',
    byPod: `sum ${ofPod}(queue_size)`,
  },
  {
    rule: 'a metric called like an aggregation',
    expression: 'sum_total > 3',
    byPod: 'sum_total',
  },
  { rule: 'not PromQL', expression: 'a ; drop', byPod: null },
  { rule: 'a string that never ends', expression: 'a{b="c} > 1', byPod: null },
];
