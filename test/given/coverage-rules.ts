import { compileMatchers } from '../../src/routing/matchers.ts';
import type { RoutingRules } from '../../src/routing/decide.ts';
import type { Judging } from '../../src/coverage/judge-rule.ts';

const route = (name: string, matchers: string[]): RoutingRules['routes'][number] => ({
  name,
  matchers: matchers.flatMap((each) => compileMatchers(each)),
  duration: 30_000,
  cooldown: 15 * 60_000,
  target: { kind: 'kubernetes', process: null, sibling: null },
});

/** A flamepin in the cluster eu with two routes: critical alerts of the shop, and what the JVM team calls slow. */
export const judging = (over: Partial<Judging> = {}): Judging => ({
  rules: {
    mode: 'capture',
    paused: false,
    routes: [
      route('shop', ['namespace="shop"', 'severity="critical"']),
      route('jvm', ['severity=~"critical|warning"', 'team="jvm"']),
    ],
    targets: { kubernetes: { cluster: 'eu', sibling: false }, docker: { sibling: false } },
    machine: { names: ['host1'], addresses: ['192.0.2.1'], containerSubnets: [] },
    panels: [{ matchers: compileMatchers('alertname="CheckoutSlow"'), dashboardUid: 'shop', panelId: 4 }],
  },
  surroundings: { kind: 'kubernetes', machine: 'host1', cluster: 'eu', namespaces: undefined },
  recorded: () => [],
  added: {},
  ...over,
});

/** A team's rules: one of each kind, with names that want to drive the terminal. */
export const ruleFile = `groups:
  - name: shop
    rules:
      - record: checkout:errors:ratio5m
        expr: sum by (svc) (rate(errors_total[5m])) / sum by (svc) (rate(requests_total[5m]))
      - alert: CheckoutSlow
        expr: histogram_quantile(0.95, sum by (le, namespace, pod, uri) (rate(http_server_requests_seconds_bucket[5m]))) > 1
        labels: {severity: critical}
      - alert: ServiceSlow
        expr: sum by (namespace, service) (rate(http_server_requests_seconds_sum[5m])) / sum by (namespace, service) (rate(http_server_requests_seconds_count[5m])) > 1
        labels: {severity: critical}
      - alert: HeapFull
        expr: jvm_memory_used_bytes{area="heap", namespace="shop"} / jvm_memory_max_bytes{area="heap"} > 0.9
        labels: {severity: critical}
      - alert: GcPauses
        expr: max by (pod) (rate(jvm_gc_pause_seconds_sum[5m])) > 0.1
        labels: {severity: warning, team: jvm}
      - alert: Throttled
        expr: sum by (namespace, pod, container) (increase(container_cpu_cfs_throttled_periods_total[5m])) > 10
        labels: {severity: info}
      - alert: Errors
        expr: sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.1
        labels: {severity: critical, team: jvm}
      - alert: ErrorBudget
        expr: checkout:errors:ratio5m > 0.1
        labels: {severity: critical, team: jvm}
      - alert: SiteDown
        expr: probe_success{job="blackbox"} == 0
        labels: {severity: critical, team: jvm}
      - alert: OtherCluster
        expr: jvm_threads_live_threads{cluster="us"} > 1000
        labels: {severity: critical, team: jvm}
      - alert: DiskFull
        expr: node_filesystem_avail_bytes < 1e9
        labels: {severity: critical, team: jvm}
      - alert: Gone
        expr: absent(up{job="checkout", namespace="shop"})
        labels: {severity: critical}
      - alert: Watchdog
        expr: vector(1)
      - alert: Logs
        expr: sum(rate({app="shop"} |= "error" [5m])) > 1
      - alert: "\\e[31mRed\\u202eName"
        expr: max by (namespace, pod) (x) > 1
        labels: {severity: critical, team: "\\e[2J"}
`;
