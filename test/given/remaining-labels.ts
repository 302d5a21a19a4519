/**
 * Expressions as public alerting rules have them, and the labels that remain, in short: `pod` is kept by name,
 * `job=shop` has that value, `pod?` may be there, `le-` is dropped; with `*` every other label may be there, without it none
 * is. From awesome-prometheus-alerts (apa), kubernetes-mixin (km), kube-prometheus (kp), sloth, ingress-nginx, Linkerd, and
 * Micrometer's, OpenTelemetry's and Istio's metrics.
 */
export const remaining: readonly (readonly [rule: string, expression: string, remains: string])[] = [
  // Selectors.
  ['a series', 'up', '*'],
  ['with a value', 'up{job="shop"} == 0', 'job=shop *'],
  ['with a value as a pattern', 'up{job=~"shop"} == 0', 'job=shop *'],
  ['with one of several values', 'up{job=~"shop|pay"} == 0', 'job *'],
  ['with any value', 'container_spec_cpu_quota{container!="",image!~"pause.*"}', 'container image? *'],
  ['with a pattern that fits nothing too', 'up{namespace=~".*"}', 'namespace? *'],
  ['with a pattern that asks for something', 'up{namespace=~".+"}', 'namespace *'],
  ['without a label', 'http_requests_total{canary=""}', 'canary- *'],
  ['two matchers of one label', 'up{job!="", job="shop"}', 'job=shop *'],
  ['a quoted name, Prometheus 3', '{"http.server.duration", "k8s.pod.name"!=""} > 1', 'k8s.pod.name *'],
  ['a name by pattern', '{__name__=~"jvm_.+", area="heap"} > 1', 'area=heap *'],
  // Aggregations.
  ['kp Watchdog', 'vector(1)', ''],
  [
    'ingress-nginx 5xx',
    '100 * ( sum( nginx_ingress_controller_requests{status=~"5.+"} ) / sum(nginx_ingress_controller_requests) ) > 5',
    '',
  ],
  [
    'ingress-nginx certificate',
    '(avg(nginx_ingress_controller_ssl_expire_time_seconds{host!="_"}) by (host) - time()) < 604800',
    'host',
  ],
  [
    'Micrometer p95 by uri',
    'histogram_quantile(0.95, sum by (le, namespace, pod, uri) (rate(http_server_requests_seconds_bucket{application="shop"}[5m]))) > 1',
    'le- namespace pod uri',
  ],
  [
    'a value that is grouped by',
    'sum by (job, pod) (rate(http_requests_total{job="shop"}[5m])) > 1',
    'job=shop pod',
  ],
  ['a value that is not', 'sum by (pod) (rate(http_requests_total{job="shop"}[5m])) > 1', 'pod'],
  ['a label that is certainly not there', 'sum by (pod, canary) (x{canary=""})', 'canary- pod'],
  ['without', 'sum without (instance, pod) (rate(http_requests_total[5m])) > 1', 'instance- pod- *'],
  ['modifier behind', 'max(jvm_threads_live) BY (application) > 100', 'application'],
  [
    'apa JvmMemoryFillingUp',
    '(sum by (instance)(jvm_memory_used_bytes{area="heap"}) / sum by (instance)(jvm_memory_max_bytes{area="heap"})) * 100 > 80',
    'instance',
  ],
  [
    'the slowest five keep their labels',
    'topk by (uri) (5, http_server_requests_seconds_max{job="shop"}) > 3',
    'job=shop *',
  ],
  ['quantile over series', 'quantile by (job) (0.9, process_cpu_usage) > 0.8', 'job'],
  ['count_values', 'count_values by (namespace) ("version", build_info) > 1', 'namespace version'],
  ['an empty by', 'sum by () (x)', ''],
  // Functions.
  [
    'km KubePodCrashLooping',
    'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff", job="kube-state-metrics"}[5m]) >= 1',
    'job=kube-state-metrics reason=CrashLoopBackOff *',
  ],
  ['the number first', 'quantile_over_time(0.9, lag{topic="orders"}[1h]) > 3', 'topic=orders *'],
  ['a subquery', 'max_over_time(sum by (pod) (rate(x[1m]))[1h:1m]) > 3', 'pod'],
  ['offset and @', 'x{a="b"} offset 1h - x{a="b"} @ end() > 0', 'a=b *'],
  ['histogram_quantile of all buckets', 'histogram_quantile(0.99, rate(seconds_bucket[5m])) > 1', 'le- *'],
  ['a native histogram', 'histogram_sum(rate(seconds[5m])) > 1', '*'],
  ['the time alone', 'hour() > 22', ''],
  ['of a series', 'day_of_week(x{a="b"}) > 5', 'a=b *'],
  ['numbers', 'time() - 3 > bool 5', ''],
  [
    'km KubeJobNotCompleted',
    'time() - max by (namespace, job_name, cluster) (kube_job_status_start_time{job="kube-state-metrics"} and kube_job_status_active{job="kube-state-metrics"} > 0) > 43200',
    'cluster job_name namespace',
  ],
  ['km KubeAPIDown', 'absent(up{job="apiserver"})', 'job=apiserver'],
  ['of what is itself an expression', 'absent(up{job="kubelet"} == 1)', ''],
  ['over time, and not by a pattern', 'absent_over_time(up{job="shop", pod=~"a.*"}[5m])', 'job=shop pod-'],
  ['twice the same label', 'absent(up{job="shop", job!=""})', 'job-'],
  // label_replace and label_join.
  [
    'a new label from one that is there',
    'label_replace(up{pod!=""}, "pod_name", "$1", "pod", "(.*)")',
    'pod pod_name *',
  ],
  ['a new label from one that may be', 'label_replace(up, "pod_name", "$1", "pod", "(.*)")', 'pod_name? *'],
  ['a constant', 'label_replace(up, "cluster", "eu", "", "")', 'cluster=eu *'],
  [
    'a known value rewritten',
    'label_replace(up{host="web-1.shop"}, "pod", "${1}", "host", "([^.]+)\\\\..*")',
    'host=web-1.shop pod=web-1 *',
  ],
  [
    'a value that does not fit',
    'label_replace(up{host="web"}, "pod", "$1", "host", "db-(.*)")',
    'host=web pod? *',
  ],
  ['emptied', 'label_replace(up{pod!=""}, "pod", "", "", "")', 'pod- *'],
  [
    'only for some series',
    'label_replace(sum by (owner_name) (kube_pod_owner), "deployment", "$1", "owner_name", "(.+)-[^-]+")',
    'deployment? owner_name',
  ],
  [
    'kube_pod_owner, aggregated',
    'sum by (namespace, workload) (x * on (namespace, pod) group_left (workload) label_replace(kube_pod_owner{owner_kind="ReplicaSet"}, "workload", "$1", "owner_name", "^(.*)-[0-9a-f]{6,10}$")) > 4',
    'namespace workload',
  ],
  ['label_join of known values', 'label_join(up{a="x", b="y"}, "c", "-", "a", "b")', 'a=x b=y c=x-y *'],
  ['label_join of others', 'label_join(up, "name", "/", "namespace", "pod")', 'name *'],
  // Binary operators.
  [
    'jvm-mixin JvmMemoryFillingUp',
    'jvm_memory_used_bytes / jvm_memory_max_bytes{area="heap"} > 0.8',
    'area=heap *',
  ],
  ['labels of one side only', 'sum by (pod, uri) (a) / sum by (pod) (b)', 'pod uri-'],
  ['on', 'a{x="1"} / on (pod) b', 'pod'],
  ['on, as a comparison', 'a{x="1"} > on (pod, y) b{y="2"}', 'pod y=2'],
  ['ignoring', 'rate(errors_total{code="500"}[5m]) / ignoring (code) rate(all_total[5m])', 'code- *'],
  [
    'group_left with a label',
    'sum by (namespace, pod) (cpu) * on (namespace, pod) group_left (workload) owner{workload_type="deployment"}',
    'namespace pod workload',
  ],
  [
    'group_left of a known value',
    'a{job="x"} * on (pod) group_left (version) info{version="3"}',
    'job=x pod? version=3 *',
  ],
  [
    'group_left of what is not there',
    'a * on (pod) group_left (version) sum by (pod) (info)',
    'pod version- *',
  ],
  ['group_right', 'sum by (pod) (a) * on (pod) group_right (team) b{job="x"}', 'job=x pod team- *'],
  [
    'ignoring and group_left',
    'sum by (pod, code) (a) / ignoring (code) group_left sum by (pod) (a)',
    'code pod',
  ],
  ['and on', 'a{job="x"} and on (pod) b{pod="p"}', 'job=x pod=p *'],
  ['and on nothing', 'a{job="x"} and on () vector(1) > 0', 'job=x *'],
  [
    'km KubeDeploymentReplicasMismatch',
    '(kube_deployment_spec_replicas{job="ksm"} > kube_deployment_status_replicas_available{job="ksm"}) and (changes(kube_deployment_status_replicas_updated{job="ksm"}[10m]) == 0)',
    'job=ksm *',
  ],
  ['unless', 'sum by (namespace, pod) (a) unless on (namespace) b{env="test"}', 'namespace pod'],
  ['or of the same', 'sum by (pod) (a) or sum by (pod) (b)', 'pod'],
  ['or of others', 'sum by (pod, uri) (a{uri="/x"}) or sum by (pod) (b)', 'pod uri?'],
  ['or with zero', 'sum by (cluster) (a) or vector(0)', 'cluster?'],
  [
    'sloth',
    '(max(slo:sli_error:ratio_rate5m{sloth_service="shop"} > (14.4 * 0.001)) without (sloth_window) and max(slo:sli_error:ratio_rate1h{sloth_service="shop"} > (14.4 * 0.001)) without (sloth_window)) or (max(slo:sli_error:ratio_rate30m{sloth_service="shop"} > (6 * 0.001)) without (sloth_window))',
    'sloth_service=shop sloth_window- *',
  ],
  ['a sign and brackets', '-(sum by (pod) (x)) < -3', 'pod'],
  ['a comment', 'max by (pod) (x) # by pod\n > 1', 'pod'],
];

/** Recording rules, and expressions that read them. */
export const recordings = [
  {
    name: 'job:errors:rate5m',
    expression: 'sum by (job, uri) (rate(errors_total[5m]))',
    labels: { team: 'a' },
  },
  { name: 'pod:errors:rate5m', expression: 'sum by (pod) (rate(errors_total[5m]))', labels: {} },
  { name: 'either', expression: 'sum by (pod) (a)', labels: { side: 'a' } },
  { name: 'either', expression: 'sum by (pod, uri) (b)', labels: { side: 'b' } },
  { name: 'twice', expression: 'max by (job) (job:errors:rate5m)', labels: {} },
  { name: 'circle', expression: 'circle + 1', labels: {} },
];
export const remainingOfRecorded: readonly (readonly [rule: string, expression: string, remains: string])[] =
  [
    ['the labels of its expression and its own', 'job:errors:rate5m > 1', 'job team=a uri'],
    ['with a matcher', 'job:errors:rate5m{job="shop"} > 1', 'job=shop team=a uri'],
    [
      'a label that its expression drops',
      'sum by (namespace, pod) (pod:errors:rate5m) > 1',
      'namespace- pod',
    ],
    ['two rules of one name', 'either > 1', 'pod side uri?'],
    ['of a recording rule', 'twice > 1', 'job'],
    ['of itself', 'circle > 1', '*'],
  ];
