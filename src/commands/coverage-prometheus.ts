import PQueue from 'p-queue';
import { z } from 'zod';
import type { PastAlert } from '../coverage/firings.ts';
import type { Rows } from '../coverage/judge-rule.ts';
import { parseRulesAnswer } from '../coverage/rules-api.ts';
import { maxRules, type AlertingRule, type Rules } from '../coverage/rules.ts';
import { withoutFilters } from '../coverage/without-filters.ts';
import { Failure } from '../reasons/failure.ts';
import { askPrometheus, type PrometheusSettings } from '../targets/kubernetes/choice/prometheus.ts';

/** Nobody waits for a capture here, but Prometheus serves others: two questions at a time, each with a limit. */
const concurrency = 2;
const bounds = { milliseconds: 20_000, maxBytes: 32 * 1024 * 1024 };
/** For all questions together, milliseconds. */
const patienceMs = 3 * 60_000;
/** Rows of one expression that are judged: more only repeat what the first ones say. */
const maxRows = 200;

const historySeconds = 30 * 24 * 3600;
/** Prometheus gives at most 11,000 points of a series: 30 days in steps of five minutes are 8,640. */
export const stepSeconds = 300;

/** What Prometheus knows about rules. What it could not be asked is missing, and `faults` says why, once each. */
export interface Observed {
  rows: Map<AlertingRule, Rows>;
  past: Map<AlertingRule, PastAlert[]>;
  faults: string[];
}

/** Its rules. Throws a Failure: service-unreachable, service-refused. */
export async function rulesOf(settings: PrometheusSettings): Promise<Rules> {
  const { origin } = new URL(settings.url);
  const signal = AbortSignal.timeout(patienceMs);
  const { status, text } = await askPrometheus(
    { ...settings, url: settings.rulesUrl ?? settings.url },
    '/api/v1/rules?exclude_alerts=true',
    signal,
    bounds,
  ).catch((error: unknown) => {
    throw new Failure('service-unreachable', { detail: `${origin}: ${messageOf(error)}`, cause: error });
  });
  if (status !== 200)
    throw new Failure('service-refused', { detail: `${origin}/api/v1/rules answers ${status}` });
  const rules = parseRulesAnswer(origin, text);
  if (rules.alerting.length + rules.recording.length > maxRules)
    throw new Failure('service-refused', { detail: `${origin} has more than ${maxRules} rules` });
  return rules;
}

/** For each rule the rows that its expression has now, and its alerts of the last 30 days. Never rejects. */
export async function observe(
  rules: readonly AlertingRule[],
  settings: PrometheusSettings,
  now: Date,
): Promise<Observed> {
  const observed: Observed = { rows: new Map(), past: new Map(), faults: [] };
  const faults = new Set<string>();
  const queue = new PQueue({ concurrency });
  const signal = AbortSignal.timeout(patienceMs);
  const { origin } = new URL(settings.url);
  const ask = (work: () => Promise<void>) =>
    queue.add(async () => {
      try {
        signal.throwIfAborted();
        await work();
      } catch (error) {
        faults.add(`${origin} did not answer every query: ${messageOf(error)}`);
      }
    });
  const pastOf = new Map<string, Promise<PastAlert[]>>();
  await Promise.all(
    rules.flatMap((rule) => [
      ask(async () => {
        const rows = await rowsOf(rule, settings, signal);
        if (rows !== null) observed.rows.set(rule, rows);
      }),
      ask(async () => {
        // Rules that share a name share their alerts.
        const known = pastOf.get(rule.name) ?? pastAlerts(rule.name, settings, now, signal);
        pastOf.set(rule.name, known);
        observed.past.set(
          rule,
          (await known).filter((alert) => isOf(rule, alert)),
        );
      }),
    ]),
  );
  observed.faults = [...faults].slice(0, 3);
  return observed;
}

const vector = z.object({
  data: z.object({
    resultType: z.string(),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()) })).catch([]),
  }),
});

/** null: its rows cannot be asked for. */
async function rowsOf(
  { expression }: AlertingRule,
  settings: PrometheusSettings,
  signal: AbortSignal,
): Promise<Rows | null> {
  const query = withoutFilters(expression);
  if (query === null) return null;
  const form = { query, timeout: '15s', limit: String(maxRows + 1) };
  const { status, text } = await askPrometheus(settings, '/api/v1/query', signal, { form, ...bounds });
  // The query may be more than it can evaluate without its conditions: matching many to many.
  if (status === 400 || status === 422) return null;
  if (status !== 200) throw new Error(`status ${status}`);
  const { data } = vector.parse(JSON.parse(text));
  if (data.resultType !== 'vector') return null;
  return {
    labels: data.result.slice(0, maxRows).map(({ metric }) => metric),
    more: data.result.length > maxRows,
  };
}

const matrix = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});

async function pastAlerts(
  alertname: string,
  settings: PrometheusSettings,
  now: Date,
  signal: AbortSignal,
): Promise<PastAlert[]> {
  const end = Math.floor(now.getTime() / 1000);
  const form = {
    // Each step sees what was firing at any time since the one before.
    query: `last_over_time(ALERTS{alertname=${JSON.stringify(alertname)},alertstate="firing"}[${stepSeconds}s])`,
    start: String(end - historySeconds),
    end: String(end),
    step: String(stepSeconds),
    timeout: '15s',
  };
  const { status, text } = await askPrometheus(settings, '/api/v1/query_range', signal, { form, ...bounds });
  if (status !== 200) throw new Error(`status ${status} for the history of alerts`);
  return matrix
    .parse(JSON.parse(text))
    .data.result.map(({ metric, values }) => ({ labels: metric, seconds: values.map(([at]) => at) }));
}

/** Two rules of one name differ in their own labels, mostly the severity. */
const isOf = ({ labels }: AlertingRule, alert: PastAlert): boolean =>
  Object.entries(labels).every(
    ([label, value]) => value.includes('{{') || (alert.labels[label] ?? '') === value,
  );

/** Short, and of one line: what Node, zod or JSON.parse say may be long. */
const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 200);
