import { present, type Labels } from './present.ts';

/** `…/alerting/grafana/UID/view`; Grafana 8 wrote `…/alerting/UID/edit`. */
const link = /\/alerting\/(?:grafana\/)?([A-Za-z0-9_-]{1,40})\/(?:view|edit)$/;
const uidShape = /^[A-Za-z0-9_-]{1,40}$/;

/**
 * The Grafana-managed rule of an alert: its uid where the alert's link or label says it. Grafana strips the label from its
 * own webhooks, not from what it sends to an Alertmanager. null: another system's rule.
 */
export function grafanaRuleOf(labels: Labels, generatorUrl: string): { uid: string | null } | null {
  const labelled = present(labels, '__alert_rule_uid__');
  if (labelled !== null && uidShape.test(labelled)) return { uid: labelled };
  const linked = URL.canParse(generatorUrl) ? link.exec(new URL(generatorUrl).pathname)?.[1] : undefined;
  if (linked !== undefined) return { uid: linked };
  return present(labels, 'grafana_folder') === null ? null : { uid: null };
}
