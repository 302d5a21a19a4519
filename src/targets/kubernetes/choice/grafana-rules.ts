import { z } from 'zod';
import type { NamedRule } from './alerting-rule.ts';
import { conditionSchema, type Condition } from './grafana-condition.ts';
import { askPrometheus, UnexpectedStatus, type PrometheusSettings } from './prometheus.ts';
import { maxRulesBytes } from './prometheus-rules.ts';

/** Grafana, as its annotator reaches it. */
export type GrafanaAccess = Pick<PrometheusSettings, 'url' | 'token'>;

export interface GrafanaRule extends NamedRule {
  condition: Condition;
}

const labels = z.record(z.string(), z.string()).nullish();
/** `record` is there where the rule records a series. */
const definition = conditionSchema.extend({
  uid: z.string(),
  title: z.string(),
  record: z.unknown().optional(),
});
/** `grafana_alert` is there where Grafana evaluates the rule. */
const rulerRule = z.object({ labels, grafana_alert: definition });
const rulerFolders = z.record(
  z.string(),
  z.array(z.object({ rules: z.array(rulerRule.partial({ grafana_alert: true })) })),
);

/**
 * The Grafana-managed rules of a uid, or without one, of a title; all when neither is given. Newer rulers give one rule by
 * its uid, with the right `alert.rules:read`; so does provisioning since Grafana 9, with `alert.provisioning:read`; every
 * ruler has the list.
 * Rejects with UnexpectedStatus when the token may not read them, and as askPrometheus does.
 */
export async function grafanaRules(
  access: GrafanaAccess,
  wanted: { uid: string | null; title: string } | null,
  signal: AbortSignal,
): Promise<GrafanaRule[]> {
  const uid = wanted?.uid ?? null;
  const byUid = uid === null ? [] : [`${ruler}/rule/${uid}`, `/api/v1/provisioning/alert-rules/${uid}`];
  let denied: number | null = null;
  for (const path of [...byUid, `${ruler}/rules`]) {
    const { status, text } = await askPrometheus(access, path, signal, { maxBytes: maxRulesBytes });
    if (status === 401) throw new UnexpectedStatus(status);
    if (status === 403) denied = status;
    // 202 is the ruler's word for a list.
    else if (status === 200 || status === 202)
      return rulesIn(JSON.parse(text)).filter((rule) =>
        uid === null ? wanted === null || rule.name === wanted.title : rule.uid === uid,
      );
    else if (status !== 404) throw new UnexpectedStatus(status);
  }
  if (denied !== null) throw new UnexpectedStatus(denied);
  return [];
}

const ruler = '/api/ruler/grafana/api/v1';

type Found = GrafanaRule & { uid: string };

/** Any of the three answers. */
const answerSchema = z.union([
  definition.extend({ labels }).transform((rule) => [toRule(rule, rule.labels)]),
  rulerRule.transform((rule) => [toRule(rule.grafana_alert, rule.labels)]),
  rulerFolders.transform((folders) =>
    Object.values(folders)
      .flat()
      .flatMap(({ rules }) => rules)
      .map((rule) => toRule(rule.grafana_alert, rule.labels)),
  ),
]);

/** null: it is not an alerting rule of Grafana. */
function toRule(rule: z.infer<typeof definition> | undefined, own: z.infer<typeof labels>): Found | null {
  if (rule === undefined || (rule.record ?? null) !== null) return null;
  const { uid, title, condition, data } = rule;
  return { uid, name: title, labels: own ?? {}, condition: { condition, data } };
}

const rulesIn = (answer: unknown): Found[] => answerSchema.parse(answer).filter((rule) => rule !== null);
