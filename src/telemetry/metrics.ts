import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Spooled } from '../captures/ledger.ts';
import type { CaptureObserver } from '../captures/observer.ts';
import type { AlertOutcome } from '../alerts/alert.ts';

/** Seconds: a warm start takes 0.01, a cold one 0.3, a loaded machine over 1; a deadline is 2 minutes. */
const latencyBuckets = [0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120];

export interface Metrics extends CaptureObserver {
  alert(source: string, outcome: AlertOutcome): void;
  /** A rejected notification, by kind of sender and reason code. */
  refused(from: { sender: string; source: string | null }, reason: string): void;
  /** Refreshes the gauges from the ledger just before a scrape. */
  queue(counts: Readonly<Record<string, number>>): void;
  spool(spooled: Spooled): void;
  scrape(): Promise<{ contentType: string; text: string }>;
}

/** flamepin's own metrics. The dashboard and rules in deploy/ rely on the names. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const alerts = new Counter({
    name: 'flamepin_alerts_total',
    help: 'Alerts received, by source and what became of them.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const refusals = new Counter({
    name: 'flamepin_notifications_refused_total',
    help: 'Notifications rejected, by kind of sender (the webhook path), source (empty: no valid secret) and reason.',
    labelNames: ['sender', 'source', 'reason'],
    registers,
  });
  const captures = new Counter({
    name: 'flamepin_captures_total',
    help: 'Captures ended, by purpose (alert, manual, baseline, sibling), outcome and reason (empty for done).',
    labelNames: ['purpose', 'outcome', 'reason'],
    registers,
  });
  const firstSample = new Histogram({
    name: 'flamepin_alert_to_first_sample_seconds',
    help: 'From the notification to the first sample of its capture.',
    buckets: latencyBuckets,
    registers,
  });
  const stages = new Histogram({
    name: 'flamepin_stage_duration_seconds',
    help: 'Duration of the stages of a capture: resolve, start, collect, analyse (including the wait for a thread), store.',
    labelNames: ['stage'],
    buckets: latencyBuckets,
    registers,
  });
  const queued = new Gauge({
    name: 'flamepin_queue_captures',
    help: 'Captures in progress, by state, and annotations due.',
    labelNames: ['state'],
    registers,
  });
  const spoolBytes = new Gauge({
    name: 'flamepin_spool_bytes',
    help: 'Recordings, and files made from them, waiting in the ledger to be stored.',
    registers,
  });
  const spoolLimit = new Gauge({
    name: 'flamepin_spool_limit_bytes',
    help: 'Limit of flamepin_spool_bytes; beyond it the oldest are discarded.',
    registers,
  });
  const deliveries = new Counter({
    name: 'flamepin_deliveries_total',
    help: 'Attempts to annotate a panel, by result and reason.',
    labelNames: ['result', 'reason'],
    registers,
  });
  const harm = new Counter({
    name: 'flamepin_target_harm_total',
    help: 'Targets that died or restarted within five minutes of their window.',
    registers,
  });
  const lastDone = new Gauge({
    name: 'flamepin_last_capture_timestamp_seconds',
    help: 'When the last capture finished successfully.',
    registers,
  });
  return {
    alert: (source, outcome) => alerts.inc({ source, outcome }),
    refused: ({ sender, source }, reason) => refusals.inc({ sender, source: source ?? '', reason }),
    queue: (counts) => {
      for (const [state, count] of Object.entries(counts)) queued.set({ state }, count);
    },
    spool: ({ bytes, limitBytes }) => {
      spoolBytes.set(bytes);
      spoolLimit.set(limitBytes);
    },
    stage: (stage, seconds) => stages.observe({ stage }, seconds),
    firstSample: (seconds) => firstSample.observe(seconds),
    ended: (purpose, outcome, reason, atMs) => {
      captures.inc({ purpose, outcome, reason: reason ?? '' });
      if (outcome === 'done') lastDone.set(atMs / 1000);
    },
    delivered: (result, reason) => deliveries.inc({ result, reason: reason ?? '' }),
    harmed: () => harm.inc(),
    scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
