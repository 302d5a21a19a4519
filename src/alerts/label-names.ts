import type { WorkloadKind } from './lead.ts';

/**
 * The labels of each meaning, as widely used rules and exporters write them; in each list the first with a value wins.
 * Dotted names are OpenTelemetry's, which Prometheus 3 sends as they are. docs/configuration.md lists them for users.
 */
export const labelNames = {
  cluster: ['cluster', 'k8s.cluster.name', 'k8s_cluster_name'],
  namespace: [
    'namespace',
    'k8s.namespace.name',
    'k8s_namespace_name',
    'kubernetes_namespace',
    'kubernetes_namespace_name',
    'namespace_name',
    'pod_namespace',
  ],
  pod: [
    'pod',
    'k8s.pod.name',
    'k8s_pod_name',
    'pod_name',
    'kubernetes_pod_name',
    'kubernetes.pod.name',
    'kubernetes_pod',
  ],
  container: ['container', 'k8s.container.name', 'k8s_container_name'],
  autoscaler: ['horizontalpodautoscaler', 'k8s.hpa.name', 'k8s_hpa_name', 'hpa'],
  /** May be a pod's name or uid, or another id. Flink's `tm_id` is the pod's name in its native mode. */
  podGuess: ['service.instance.id', 'service_instance_id', 'tm_id'],
  host: ['host.name', 'host_name', 'hostname', 'host', 'nodename'],
  node: ['node', 'k8s.node.name', 'k8s_node_name', 'kubernetes_node'],
  uri: ['uri', 'http.route', 'http_route', 'url.path', 'url_path', 'http_target', 'path', 'route'],
  method: ['method', 'http.request.method', 'http_request_method', 'http_method'],
  /** OpenTelemetry's grouping of services: need not be a namespace of Kubernetes. */
  serviceNamespace: ['service.namespace', 'service_namespace'],
} as const;

/** Labels whose value names a workload of a known kind. */
export const workloadLabels: readonly (readonly [string, WorkloadKind])[] = [
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
  ['rollout', 'Rollout'],
  ['deploymentconfig', 'DeploymentConfig'],
  // `job` is the scrape job; `job_name` the Kubernetes Job, or Flink's own job.
  ['job_name', 'Job'],
  ['cronjob', 'CronJob'],
  ['k8s.deployment.name', 'Deployment'],
  ['k8s_deployment_name', 'Deployment'],
  ['k8s.statefulset.name', 'StatefulSet'],
  ['k8s_statefulset_name', 'StatefulSet'],
  ['k8s.daemonset.name', 'DaemonSet'],
  ['k8s_daemonset_name', 'DaemonSet'],
  ['k8s.job.name', 'Job'],
  ['k8s_job_name', 'Job'],
  ['k8s.cronjob.name', 'CronJob'],
  ['k8s_cronjob_name', 'CronJob'],
  ['replicaset', 'ReplicaSet'],
  ['k8s.replicaset.name', 'ReplicaSet'],
  ['k8s_replicaset_name', 'ReplicaSet'],
  // Knative Serving.
  ['revision_name', 'Revision'],
  ['configuration_name', 'Configuration'],
  // Spark on Kubernetes: the application's id, which all of its pods carry.
  ['spark_app_selector', 'SparkApplication'],
  ['application_id', 'SparkApplication'],
  ['app_id', 'SparkApplication'],
];

/** A name in one label and its kind in another: kubernetes-mixin's recording rules, and kube-state-metrics. */
export const workloadPairs: readonly (readonly [name: string, kind: string])[] = [
  ['workload', 'workload_type'],
  ['owner_name', 'owner_kind'],
  ['created_by_name', 'created_by_kind'],
];

/** A Map, for the label's value is hostile: an object would find `constructor` too. */
export const workloadTypes: ReadonlyMap<string, WorkloadKind> = new Map([
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
  ['job', 'Job'],
  ['cronjob', 'CronJob'],
  ['replicaset', 'ReplicaSet'],
  ['rollout', 'Rollout'],
  ['deploymentconfig', 'DeploymentConfig'],
]);

const appLabel = 'app';
const recommendedLabel = 'app.kubernetes.io/name';

/** What a service calls itself, the strongest first, and the label of its pods that may have the same value. */
export const serviceLabels: readonly (readonly [label: string, podLabel: string | null])[] = [
  ['service.name', recommendedLabel],
  ['service_name', recommendedLabel],
  ['service', null],
  ['application', appLabel],
  ['app.kubernetes.io/name', recommendedLabel],
  ['app_kubernetes_io_name', recommendedLabel],
  ['label_app_kubernetes_io_name', recommendedLabel],
  ['app', appLabel],
  ['label_app', appLabel],
  ['k8s_app', 'k8s-app'],
  // What an SLO of Sloth is about.
  ['sloth_service', null],
  ['job', null],
];
