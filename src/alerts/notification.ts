import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../reasons/failure.ts';
import type { Alert } from './alert.ts';
import type { Sender } from './sender.ts';

/** One webhook body, read. */
export interface Notification {
  /** Version "1" is always Grafana's, whatever the path; "4" is also sent by Mimir behind Grafana. */
  sender: Sender;
  /** For logs only. */
  groupKey: string;
  receiver: string;
  alerts: Alert[];
  /** Alerts that the sender dropped (`max_alerts`). */
  truncatedAlerts: number;
  /** Sentences for the log: what was dropped, truncated or repaired; at most 20. */
  warnings: string[];
}

/** Alerts in one notification, or one list: twice as many ordinary ones as the default `limits.maxNotificationBytes` holds. */
export const maxAlerts = 20_000;

/** Only what flamepin uses is validated; unknown keys may come from a newer sender. */
const bodySchema = z.object({
  version: z.string(),
  status: z.enum(['firing', 'resolved']).optional().catch(undefined),
  groupKey: z.string().catch(''),
  receiver: z.string().catch(''),
  truncatedAlerts: z.number().int().nonnegative().catch(0),
  alerts: z.array(z.unknown()),
});

const text = z.string().catch('');
const maxLabels = 256;
/** Values are text in both senders' own bodies; templates and bridges also write numbers, null and nested values. */
const pairs = z.preprocess(firstPairs, z.record(z.string(), z.unknown()));
const entrySchema = z.object({
  status: z.enum(['firing', 'resolved']).optional().catch(undefined),
  labels: pairs,
  annotations: pairs.nullish().transform((value) => value ?? {}),
  startsAt: z.string().meta({ format: 'date-time' }),
  endsAt: text,
  generatorURL: text,
  fingerprint: text,
  panelURL: text,
  dashboardURL: text,
});
type Entry = z.infer<typeof entrySchema>;

/** The documented shape of a whole notification. Alerts are parsed one by one, so that a bad one does not spoil the rest. */
export const notificationSchema = bodySchema
  .extend({ version: z.enum(['4', '1']), alerts: z.array(entrySchema).max(maxAlerts) })
  .meta({ id: 'Notification' });

/**
 * A decoded webhook body → its alerts, in order. `source` is the name of the configured source, `sender` the path the
 * request came in on. Entries that are not alerts are dropped with a warning; the others are still handled. Throws a
 * Failure when the body is unusable: `notification-version`, `notification-malformed` or `notification-too-large`.
 */
export function parseNotification(body: unknown, context: { source: string; sender: Sender }): Notification {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success)
    throw new Failure('notification-malformed', {
      detail: parsed.error.issues.map(describeIssue).join('; '),
    });
  const { version, status, groupKey, receiver, truncatedAlerts, alerts: entries } = parsed.data;
  if (version !== '4' && version !== '1')
    throw new Failure('notification-version', { detail: `version ${JSON.stringify(version.slice(0, 40))}` });
  if (entries.length > maxAlerts)
    throw new Failure('notification-too-large', {
      detail: `${entries.length} alerts; at most ${maxAlerts}.`,
    });
  const sender = version === '1' ? 'grafana' : context.sender;

  const warnings = new Warnings();
  if (truncatedAlerts > 0)
    warnings.add(
      `${truncatedAlerts} alerts were left out by the sender and cannot be profiled; set max_alerts: 0 on its receiver.`,
    );
  const alerts = entries.flatMap((entry, index) => {
    const alert = readEntry(entry, status, { source: context.source, sender }, warnings, index);
    return alert === undefined ? [] : [alert];
  });
  if (alerts.length === 0 && entries.length > 0)
    throw new Failure('notification-malformed', { detail: warnings.list().join(' ').slice(0, 1000) });
  return {
    sender,
    groupKey: truncate(groupKey, 1024),
    receiver: truncate(receiver, 1024),
    alerts,
    truncatedAlerts,
    warnings: warnings.list(),
  };
}

/** One alert of a body, or undefined with a warning. */
export function readEntry(
  entry: unknown,
  groupStatus: 'firing' | 'resolved' | undefined,
  origin: Pick<Alert, 'source' | 'sender'>,
  warnings: Warnings,
  index: number,
): Alert | undefined {
  const read = entrySchema.safeParse(entry);
  if (read.success) return readAlert(read.data, groupStatus, origin, warnings, index);
  warnings.add(
    `alerts[${index}] is not an alert and was left out: ${read.error.issues.map(describeIssue).join('; ')}`,
  );
  return undefined;
}

function readAlert(
  entry: Entry,
  groupStatus: 'firing' | 'resolved' | undefined,
  origin: Pick<Alert, 'source' | 'sender'>,
  warnings: Warnings,
  index: number,
): Alert | undefined {
  const status = entry.status ?? groupStatus;
  const startsAt = readTime(entry.startsAt);
  if (status === undefined || startsAt === null) {
    warnings.add(
      `alerts[${index}] was left out: ${status === undefined ? 'neither firing nor resolved' : 'no start time'}.`,
    );
    return undefined;
  }
  const labels = asTexts(entry.labels, `alerts[${index}].labels`, warnings);
  const annotations = asTexts(entry.annotations, `alerts[${index}].annotations`, warnings);
  return {
    ...origin,
    fingerprint: /^[\w.-]{1,128}$/.test(entry.fingerprint) ? entry.fingerprint : labelFingerprint(labels),
    status,
    startsAt,
    endsAt: status === 'resolved' ? readTime(entry.endsAt) : null,
    labels: bounded(labels, `alerts[${index}].labels`, warnings),
    annotations: bounded(annotations, `alerts[${index}].annotations`, warnings),
    generatorUrl: clean(entry.generatorURL, maxUrlLength),
    panelUrl: clean(entry.panelURL, maxUrlLength),
    dashboardUrl: clean(entry.dashboardURL, maxUrlLength),
  };
}

/** Generator URLs carry the whole expression; Prometheus sets no limit. UTF-16 units. */
const maxUrlLength = 16 * 1024;
/** Longest label value, in UTF-16 units. Identity is the fingerprint, so truncating a value cannot confuse two alerts. */
const maxValueLength = 4096;
const maxNameLength = 1024;
/** Names and values of one alert's labels, and of its annotations; UTF-16 units. A list holds fifty alerts. */
const maxTextLength = 64 * 1024;

/** One more than is kept, so that the cut is reported. Without it the schema would check each of half a million. */
function firstPairs(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return entries.length > maxLabels ? Object.fromEntries(entries.slice(0, maxLabels + 1)) : value;
}

/** Numbers and booleans as text; what is neither is left out, as a missing label, and the alert is kept. */
function asTexts(
  record: Readonly<Record<string, unknown>>,
  path: string,
  warnings: Warnings,
): Record<string, string> {
  const texts = Object.entries(record).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'string') return [[name, value]];
    if (typeof value === 'number' || typeof value === 'boolean') return [[name, String(value)]];
    const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
    warnings.add(`${path}.${name.slice(0, 200)} is ${kind}, not text, and was left out.`);
    return [];
  });
  return Object.fromEntries(texts);
}

function bounded(
  record: Readonly<Record<string, string>>,
  path: string,
  warnings: Warnings,
): Record<string, string> {
  const kept: [string, string][] = [];
  let left = maxTextLength;
  for (const [name, value] of Object.entries(record)) {
    if (kept.length >= maxLabels) {
      warnings.add(`${path}: only the first ${maxLabels} were kept.`);
      break;
    }
    if (name.length > maxNameLength) {
      warnings.add(`${path}: a name of ${name.length} characters was left out.`);
      continue;
    }
    if (value.length > maxValueLength)
      warnings.add(`${path}.${name}: a value of ${value.length} characters was cut to ${maxValueLength}.`);
    const pair: [string, string] = [clean(name, maxNameLength), clean(value, maxValueLength)];
    left -= pair[0].length + pair[1].length;
    if (left < 0) {
      warnings.add(`${path}: only the first ${maxTextLength} characters were kept, without ${name}.`);
      break;
    }
    kept.push(pair);
  }
  return Object.fromEntries(kept);
}

/** Text that any ledger can hold: PostgreSQL rejects NUL, and UTF-8 has no lone surrogates. */
function clean(value: string, max: number): string {
  return truncate(value.replaceAll('\0', '\ufffd'), max).toWellFormed();
}

function truncate(value: string, max: number): string {
  if (value.length <= max) return value;
  // Never splits a surrogate pair.
  const end = (value.charCodeAt(max - 2) & 0xfc00) === 0xd800 ? max - 2 : max - 1;
  return `${value.slice(0, end)}…`;
}

/**
 * RFC 3339 → ISO, UTC, milliseconds, so that two Alertmanagers in different time zones agree on one firing. null for
 * anything else, and for Go's zero time.
 */
function readTime(written: string): string | null {
  const [, , fraction] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.exec(written) ?? [];
  const time = Date.parse(fraction === undefined ? written : written.replace(fraction, fraction.slice(0, 4)));
  if (Number.isNaN(time) || time < 0) return null;
  return new Date(time).toISOString();
}

/** Replaces a missing fingerprint: 16 hex digits of SHA-256 over the sorted labels, the same on every replica. */
export function labelFingerprint(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.').slice(0, 200);
  return `${path === '' ? 'the body' : path}: ${issue.message}`;
}

/** At most 20 sentences and a count of the rest: 10,000 malformed alerts must not become 10,000 log lines. */
export class Warnings {
  readonly #kept: string[] = [];
  #more = 0;

  add(sentence: string): void {
    if (this.#kept.length < 19) this.#kept.push(sentence.slice(0, 500));
    else this.#more += 1;
  }

  list(): string[] {
    return this.#more === 0 ? this.#kept : [...this.#kept, `There were ${this.#more} further warnings.`];
  }
}
