import type { Configuration } from '../config/load.ts';
import type { GrafanaAccess } from '../targets/kubernetes/choice/grafana-rules.ts';
import type { PrometheusSettings } from '../targets/kubernetes/choice/prometheus.ts';

/** How Prometheus is asked, by the choice of a pod and by `doctor` alike; undefined when it is not configured. */
export function prometheusAccess({
  prometheus,
  secrets,
}: Pick<Configuration, 'prometheus' | 'secrets'>): PrometheusSettings | undefined {
  if (prometheus === undefined) return undefined;
  const { url, rulesUrl, headers, caFile, basic } = prometheus;
  const password = secrets.prometheusPassword;
  return {
    url,
    rulesUrl,
    headers,
    caFile,
    token: secrets.prometheusToken,
    basic: basic === undefined || password === null ? null : { username: basic.username, password },
  };
}

/** The same for the rules that Grafana manages, and the data sources behind them. */
export function grafanaRulesAccess({
  grafana,
  secrets,
}: Pick<Configuration, 'grafana' | 'secrets'>): GrafanaAccess | undefined {
  const token = secrets.grafanaToken;
  return grafana === undefined || token === null ? undefined : { url: grafana.url, token };
}
