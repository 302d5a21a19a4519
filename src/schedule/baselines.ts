import { setTimeout as sleep } from 'node:timers/promises';
import { captureId } from '../captures/capture-id.ts';
import type { CaptureRequest, CaptureState } from '../captures/capture.ts';
import type { AlertDecision, Ledger } from '../captures/ledger.ts';

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
  /** How long a baseline may wait in the queue, milliseconds. */
  deadlineMs: number;
  queueLimit: number;
  now: () => number;
  /** A baseline has been queued. */
  wake: () => void;
}

/** Unfinished baselines at any time: an alert must never wait behind a queue of them. */
const maxUnfinished = 2;
const lookAgainMs = 1_000;
const unfinished = ['queued', 'resolving', 'capturing', 'storing'] as const satisfies readonly CaptureState[];

/**
 * Queues one capture of each workload, two at a time. They go through the same queue, limits and checks as captures of
 * alerts, but have no cooldown and no annotation. Stops when captures are paused or `signal` aborts. Resolves to how
 * many were queued.
 */
export async function requestBaselines(parts: BaselineParts, signal: AbortSignal): Promise<number> {
  const { ledger, workloads, now, wake } = parts;
  let queued = 0;
  for (const [index, workload] of workloads.entries()) {
    await waitForRoom(ledger, signal);
    if (signal.aborted || (await ledger.paused())) return queued;
    await ledger.accept([decisionFor(workload, index, parts)], now());
    queued++;
    wake();
  }
  return queued;
}

async function waitForRoom(ledger: Ledger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const running = await ledger.list({ purpose: 'baseline', states: unfinished, limit: maxUnfinished });
    if (running.length < maxUnfinished) return;
    await sleep(lookAgainMs, undefined, { signal }).catch(() => undefined);
  }
}

function decisionFor(
  { labels, target, durationSeconds }: BaselineWorkload,
  index: number,
  { deadlineMs, queueLimit, now }: BaselineParts,
): AlertDecision {
  const at = now();
  return {
    alert: {
      source: 'schedule',
      sender: 'schedule',
      fingerprint: `baseline-${index}`,
      status: 'firing',
      startsAt: new Date(at).toISOString(),
      endsAt: null,
      labels: { alertname: 'baseline', ...labels },
      annotations: {},
      generatorUrl: '',
      panelUrl: '',
      dashboardUrl: '',
    },
    outcome: 'queued',
    id: captureId(at),
    request: {
      target,
      event: 'cpu',
      durationSeconds,
      cooldownSeconds: 0,
      purpose: 'baseline',
      sibling: false,
    },
    panel: null,
    workloadKey: `baseline ${index}`,
    deadlineAt: at + deadlineMs,
    queueLimit,
  };
}
