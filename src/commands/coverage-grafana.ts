import { noRules, type Rules } from '../coverage/rules.ts';
import { Failure } from '../reasons/failure.ts';
import { queryBehind } from '../targets/kubernetes/choice/grafana-condition.ts';
import { grafanaRules, type GrafanaAccess } from '../targets/kubernetes/choice/grafana-rules.ts';
import { whatItDid } from '../targets/kubernetes/choice/prometheus.ts';

/** Milliseconds. */
const deadlineMs = 15_000;

/**
 * The rules that Grafana manages, each with the query of Prometheus behind its condition; where there is none, with an
 * expression that cannot be read. Its annotations are not read, so their panels stay unknown. Throws a Failure:
 * service-refused.
 */
export async function rulesOfGrafana(access: GrafanaAccess): Promise<Rules> {
  const { origin } = new URL(access.url);
  const found = await grafanaRules(access, null, AbortSignal.timeout(deadlineMs)).catch((error: unknown) => {
    throw new Failure('service-refused', { detail: `${origin}: ${whatItDid(error)}`, cause: error });
  });
  const alerting = found.map(({ name, labels, condition }) => {
    const query = queryBehind(condition);
    return {
      name,
      group: '',
      place: `${origin}, managed by Grafana`,
      expression: 'expression' in query ? query.expression : '',
      labels,
      annotations: {},
      sender: 'grafana' as const,
    };
  });
  return { ...noRules(), alerting };
}
