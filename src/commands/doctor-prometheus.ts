import type { CheckResult } from '../captures/target.ts';
import { Failure } from '../reasons/failure.ts';
import {
  askPrometheus,
  whatItDid,
  type PrometheusSettings,
} from '../targets/kubernetes/choice/prometheus.ts';
import { alertingRules } from '../targets/kubernetes/choice/prometheus-rules.ts';
import { compareClocks, deadlineMs } from './doctor-ask.ts';
import type { Check } from './doctor-check.ts';

/** Both with the client that asks for the slow pod, and its credentials. */
export function prometheusChecks(settings: PrometheusSettings | undefined): Check[] {
  if (settings === undefined) return [];
  return [
    { what: 'Prometheus', look: () => lookAtPrometheus(settings) },
    { what: 'Prometheus rules', look: async () => [await lookAtRules(settings)] },
  ];
}

async function lookAtPrometheus(settings: PrometheusSettings): Promise<string> {
  const { origin } = new URL(settings.url);
  const { status, date } = await askPrometheus(
    settings,
    '/api/v1/query?query=1',
    AbortSignal.timeout(deadlineMs),
  ).catch((error: unknown) => {
    throw new Failure('service-unreachable', {
      detail: `${origin}: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  });
  if (status !== 200) throw new Failure('service-refused', { detail: `${origin} answers ${status}` });
  compareClocks(date, origin);
  return 'answers';
}

/** Where an alert's link has no expression, its rule is looked up by name. */
async function lookAtRules(settings: PrometheusSettings): Promise<CheckResult> {
  const what = 'Prometheus rules';
  const server = settings.rulesUrl ?? settings.url;
  try {
    const rules = await alertingRules(settings, null, AbortSignal.timeout(deadlineMs));
    const none = '; name the server that evaluates them in prometheus.rulesUrl';
    const detail = `${rules.length} alerting rules${rules.length === 0 ? none : ''}`;
    return { what, ok: true, detail, remedy: '' };
  } catch (error) {
    return {
      what,
      ok: false,
      detail: `${server}/api/v1/rules ${whatItDid(error)}; where an alert's link has no expression, its slow pod is chosen by CPU`,
      remedy:
        'Let the token read the rules. For Mimir and Cortex, the URL ends in /prometheus. If vmalert or a separate ruler has the rules, set prometheus.rulesUrl to it.',
    };
  }
}
