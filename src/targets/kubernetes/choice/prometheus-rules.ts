import { z } from 'zod';
import type { NamedRule } from './alerting-rule.ts';
import { askPrometheus, UnexpectedStatus, type PrometheusSettings } from './prometheus.ts';

export interface PrometheusRule extends NamedRule {
  /** null: not PromQL, as vmalert's rules over Graphite or VictoriaLogs. */
  expression: string | null;
}

const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    groups: z
      .array(
        z.object({
          rules: z
            .array(
              z.object({
                name: z.string(),
                query: z.string(),
                labels: z.record(z.string(), z.string()).nullish(),
                /** Some servers list recording rules too, whatever was asked. */
                type: z.string().nullish(),
                /** Of vmalert alone: `prometheus`, `graphite` or `vlogs`. */
                datasourceType: z.string().nullish(),
              }),
            )
            .nullish(),
        }),
      )
      .nullish(),
  }),
});

/** Prometheus before 2.44 gives all rules, each with its active alerts: some 1 KB an alert, 3 KB a rule. */
export const maxRulesBytes = 16 * 1024 * 1024;

/**
 * The alerting rules of Prometheus, Mimir, Thanos or vmalert: of one name where the server can filter (older ones ignore
 * what they do not know), or all. Rejects with UnexpectedStatus for another than 200, and without an answer in two
 * seconds or with one of more than 16 MiB.
 * @param name null: all
 */
export async function alertingRules(
  settings: PrometheusSettings,
  name: string | null,
  signal: AbortSignal,
): Promise<PrometheusRule[]> {
  const query = new URLSearchParams({ type: 'alert', exclude_alerts: 'true' });
  if (name !== null) query.append('rule_name[]', name);
  const { status, text } = await askPrometheus(
    { ...settings, url: settings.rulesUrl ?? settings.url },
    `/api/v1/rules?${query.toString()}`,
    signal,
    { maxBytes: maxRulesBytes },
  );
  if (status !== 200) throw new UnexpectedStatus(status);
  const { data } = answerSchema.parse(JSON.parse(text));
  return (data.groups ?? [])
    .flatMap(({ rules }) => rules ?? [])
    .filter((rule) => (rule.type ?? 'alerting') === 'alerting' && (name === null || rule.name === name))
    .map(({ name: of, query: expression, labels, datasourceType }) => ({
      name: of,
      labels: labels ?? {},
      expression: (datasourceType ?? 'prometheus') === 'prometheus' ? expression : null,
    }));
}
