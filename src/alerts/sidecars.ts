/**
 * Containers that run beside an application and often export its metrics: meshes, log shippers, secret and database
 * proxies, exporters, config reloaders, and `POD`, cAdvisor's name for the pause container. Never the JVM that is meant.
 */
const sidecars =
  /^(?:POD|istio-(?:proxy|init|validation)|linkerd-(?:proxy|init|network-validator)|consul-(?:dataplane|connect-envoy-sidecar|sidecar|connect-inject-init)|envoy(?:-sidecar|-proxy)?|kuma-sidecar|cilium-envoy|daprd?|aws-xray-daemon|xray-daemon|vault-agent(?:-init)?|cloud-?sql-(?:auth-)?proxy|csql-proxy|alloydb-auth-proxy|pgbouncer|oauth2?-proxy|fluent-?bit|fluentd|filebeat|metricbeat|promtail|vector|logrotate|datadog(?:-agent)?|newrelic-.*|otel-(?:agent|collector|sidecar)|otc-container|opentelemetry-(?:agent|collector)|telegraf|jmx-(?:exporter|prometheus-exporter)|prometheus-jmx-exporter|jaeger-agent|statsd-exporter|config-reloader|kube-rbac-proxy|queue-proxy|tailscale)$/;

export const isSidecar = (container: string): boolean => sidecars.test(container);
