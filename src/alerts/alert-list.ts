import { z } from 'zod';
import { Failure } from '../reasons/failure.ts';
import type { Alert } from './alert.ts';
import type { Sender } from './sender.ts';
import { labelFingerprint, maxAlerts, readEntry, Warnings } from './notification.ts';

/** Alerts that did not come as a notification. */
export interface AlertList {
  alerts: Alert[];
  /** Sentences: what was dropped, truncated or repaired, and what is never sent; at most 20. */
  warnings: string[];
  /** The alerts will have further labels, which are not known: they were made of rules. */
  moreLabels?: true;
}

const source = 'explain';

/** What differs from an alert of a notification. `state` is `active`, `suppressed` or `unprocessed`. */
const listedSchema = z.looseObject({
  status: z.looseObject({ state: z.string().catch('') }).catch({ state: '' }),
  labels: z.record(z.string(), z.unknown()),
  generatorURL: z.string().catch(''),
});

/** Labels that Grafana keeps to itself: a notification does not have them. */
const privateLabel = /^__.*__$/;

/**
 * What Alertmanager's `GET /api/v2/alerts` answers, and Grafana's at `/api/alertmanager/grafana/api/v2/alerts` → the alerts
 * as a notification would carry them. All of them fire: resolved ones are not listed. Throws a Failure: alerts-unreadable,
 * notification-too-large.
 * @param from whose answer it is; default: judged by each alert
 */
export function parseAlertList(entries: readonly unknown[], from?: Sender): AlertList {
  if (entries.length > maxAlerts)
    throw new Failure('notification-too-large', {
      detail: `${entries.length} alerts; at most ${maxAlerts}.`,
    });
  const warnings = new Warnings();
  const alerts = entries.flatMap((entry, index) => {
    const listed = listedSchema.safeParse(entry);
    if (!listed.success) {
      warnings.add(`alerts[${index}] is not an alert and was left out: it has no labels.`);
      return [];
    }
    const { status, labels, generatorURL } = listed.data;
    if (status.state === 'suppressed')
      warnings.add(`alerts[${index}] is silenced or inhibited: no notification of it is sent.`);
    const grafanas = '__alert_rule_uid__' in labels || generatorURL.includes('/alerting/grafana/');
    const sender = from ?? (grafanas ? 'grafana' : 'alertmanager');
    const sent = Object.entries(labels).filter(([name]) => !privateLabel.test(name));
    const alert = readEntry(
      { ...listed.data, status: 'firing', labels: Object.fromEntries(sent) },
      'firing',
      { source, sender },
      warnings,
      index,
    );
    return alert === undefined ? [] : [alert];
  });
  if (alerts.length === 0 && entries.length > 0)
    throw new Failure('alerts-unreadable', { detail: warnings.list().join(' ').slice(0, 1000) });
  return { alerts, warnings: warnings.list() };
}

/**
 * An alert that has these labels and nothing else: no expression, no panel. It began at `startsAt` (ISO).
 */
export function alertWith(labels: Readonly<Record<string, string>>, startsAt: string): Alert {
  return {
    source,
    sender: 'alertmanager',
    fingerprint: labelFingerprint(labels),
    status: 'firing',
    startsAt,
    endsAt: null,
    labels,
    annotations: {},
    generatorUrl: '',
    panelUrl: '',
    dashboardUrl: '',
  };
}
