import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { Failure } from '../reasons/failure.ts';
import { alertWith, type AlertList } from './alert-list.ts';
import { pinnedLabels } from './expression-labels.ts';
import { maxAlerts } from './notification.ts';

/** YAML reads `severity: 1` as a number; Prometheus takes it for text. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z
  .record(z.string(), text)
  .nullish()
  .transform((value) => value ?? {});
const ruleSchema = z.object({ alert: text.optional(), expr: text, labels: texts, annotations: texts });
const groupsSchema = z.array(z.object({ rules: z.array(ruleSchema).nullish() }));
/** A rule file, or a PrometheusRule. */
const documentSchema = z.union([
  z.object({ groups: groupsSchema }),
  z.object({ spec: z.object({ groups: groupsSchema }) }).transform(({ spec }) => spec),
]);

/** Labels that Prometheus fills in when the alert fires. */
const isTemplate = (value: string): boolean => value.includes('{{');

/**
 * A file of alerting rules → an alert for each, with the labels that are certain: the rule's own, and those that its
 * expression pins. Throws a Failure alerts-unreadable, which names the place. Pure.
 * @param startsAt when they are taken to have begun, ISO
 */
export function parseAlertingRules(content: string, name: string, startsAt: string): AlertList {
  const alerts = parseAllDocuments(content, { prettyErrors: false }).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw unreadable(`${name} is neither JSON nor YAML: ${error.message}`);
    return rulesOf(document.toJS({ maxAliasCount: 100 }), name).map((rule) => alertOf(rule, startsAt));
  });
  if (alerts.length > maxAlerts)
    throw new Failure('notification-too-large', { detail: `${alerts.length} rules; at most ${maxAlerts}.` });
  return { alerts, warnings: [], moreLabels: true };
}

type Rule = z.infer<typeof ruleSchema> & { alert: string };

function rulesOf(document: unknown, name: string): Rule[] {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) throw unreadable(`${name} holds ${whatIsWrong(document)}`);
  return parsed.data.groups
    .flatMap(({ rules }) => rules ?? [])
    .flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
}

function whatIsWrong(document: unknown): string {
  if (typeof document !== 'object' || document === null) return 'neither JSON nor rules';
  const groups = 'groups' in document ? document.groups : undefined;
  const issue = groups === undefined ? undefined : groupsSchema.safeParse(groups).error?.issues[0];
  if (issue === undefined)
    return `an object with ${Object.keys(document).slice(0, 5).join(', ')}, and neither "alerts" nor "groups"`;
  return `a faulty rule: groups.${issue.path.map(String).join('.')}: ${issue.message}`;
}

function alertOf({ alert, expr, labels, annotations }: Rule, startsAt: string) {
  const own = Object.entries(labels);
  const known = {
    ...pinnedLabels(expr),
    ...Object.fromEntries(own.filter(([, value]) => !isTemplate(value))),
    alertname: alert,
  };
  const templated = new Set(own.filter(([, value]) => isTemplate(value)).map(([label]) => label));
  const certain = Object.entries(known).filter(([label]) => !templated.has(label));
  return {
    ...alertWith(Object.fromEntries(certain), startsAt),
    annotations: Object.fromEntries(Object.entries(annotations).filter(([, value]) => !isTemplate(value))),
    // As Prometheus links its alerts: so that their expression chooses the pod.
    generatorUrl: `http://rule.invalid/graph?g0.expr=${encodeURIComponent(expr)}`,
  };
}

const unreadable = (detail: string): Failure =>
  new Failure('alerts-unreadable', { detail: detail.slice(0, 1000) });
