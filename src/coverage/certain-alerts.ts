import { alertWith, type AlertList } from '../alerts/alert-list.ts';
import type { Alert } from '../alerts/alert.ts';
import { maxAlerts } from '../alerts/notification.ts';
import { Failure } from '../reasons/failure.ts';
import { recordedBy } from './recorded.ts';
import { remainingLabels, type Recorded } from './remaining-labels.ts';
import { parseRuleFile } from './rule-file.ts';
import { alertShape } from './rule-labels.ts';
import type { AlertingRule } from './rules.ts';
import { bare } from './shape.ts';

/**
 * A file of alerting rules → an alert for each, with the labels whose values are certain whatever the series have. Throws a
 * Failure: rule-file-malformed, which names file, line and place; notification-too-large. Pure.
 * @param startsAt when they are taken to have begun, ISO
 */
export function certainAlerts(name: string, content: string, startsAt: string): AlertList {
  const { alerting, recording } = parseRuleFile(name, content);
  if (alerting.length > maxAlerts)
    throw new Failure('notification-too-large', {
      detail: `${alerting.length} rules; at most ${maxAlerts}.`,
    });
  const recorded = recordedBy(recording);
  return {
    alerts: alerting.map((rule) => alertOf(rule, recorded, startsAt)),
    warnings: [],
    moreLabels: true,
  };
}

function alertOf(rule: AlertingRule, recorded: Recorded, startsAt: string): Alert {
  const { expression, annotations } = rule;
  const { known } = alertShape(rule, remainingLabels(expression, recorded) ?? bare);
  const certain = [...known].flatMap(([label, fate]): [string, string][] =>
    fate.is === 'value' ? [[label, fate.value]] : [],
  );
  return {
    ...alertWith(Object.fromEntries(certain), startsAt),
    // A template is filled in when the alert fires.
    annotations: Object.fromEntries(Object.entries(annotations).filter(([, text]) => !text.includes('{{'))),
    // As Prometheus links its alerts: so that their expression chooses the pod.
    generatorUrl: `http://rule.invalid/graph?g0.expr=${encodeURIComponent(expression)}`,
  };
}
