import type { Configuration } from '../config/load.ts';
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
