import { captureId } from '../captures/capture-id.ts';
import type { CaptureRequest } from '../captures/capture.ts';
import type { Ledger } from '../captures/ledger.ts';

/** A workload that opted in to regular baselines. */
export interface BaselineWorkload {
  /** Labels that lead to it, as an alert would carry them. */
  labels: Record<string, string>;
  target: CaptureRequest['target'];
  durationSeconds: number;
}

interface BaselineParts {
  ledger: Ledger;
  workloads: readonly BaselineWorkload[];
  /** A baseline that waited this long is taken at another time of day than was asked for; milliseconds. */
  deadlineMs: number;
  queueLimit: number;
}

/** Asks for one capture of each workload; they go through the same queue, limits and checks as those of alerts. */
export async function requestBaselines(parts: BaselineParts, now: number): Promise<void> {
  const startsAt = new Date(now).toISOString();
  await parts.ledger.accept(
    parts.workloads.map(({ labels, target, durationSeconds }, index) => ({
      alert: {
        source: 'schedule',
        sender: 'schedule' as const,
        fingerprint: `baseline-${index}`,
        status: 'firing' as const,
        startsAt,
        endsAt: null,
        labels: { alertname: 'baseline', ...labels },
        annotations: {},
        generatorUrl: '',
        panelUrl: '',
        dashboardUrl: '',
      },
      outcome: 'queued' as const,
      id: captureId(now),
      request: {
        target,
        event: 'cpu' as const,
        durationSeconds,
        cooldownSeconds: 0,
        purpose: 'baseline' as const,
      },
      panel: null,
      workloadKey: `baseline ${index}`,
      deadlineAt: now + parts.deadlineMs,
      queueLimit: parts.queueLimit,
    })),
    now,
  );
}
