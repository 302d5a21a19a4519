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
  /** How long one may wait for its turn, once asked for; milliseconds. */
  deadlineMs: number;
  queueLimit: number;
  now: () => number;
  /** One has been asked for. */
  wake: () => void;
}

/** Baselines that wait or run at once: an alert must never stand behind a queue of them. */
const atOnce = 2;
const lookAgainMs = 1_000;
const underWay = ['queued', 'resolving', 'capturing', 'storing'] as const satisfies readonly CaptureState[];

/**
 * Asks for one capture of each workload, two at a time; they go through the same queue, limits and checks as those of
 * alerts, have no cooldown and are never marked on a panel. Takes none any more when captures are put on hold or
 * `signal` aborts. Resolves to how many were asked for.
 */
export async function requestBaselines(parts: BaselineParts, signal: AbortSignal): Promise<number> {
  const { ledger, workloads, now, wake } = parts;
  let asked = 0;
  for (const [index, workload] of workloads.entries()) {
    await untilThereIsRoom(ledger, signal);
    if (signal.aborted || (await ledger.paused())) return asked;
    await ledger.accept([decisionFor(workload, index, parts)], now());
    asked++;
    wake();
  }
  return asked;
}

async function untilThereIsRoom(ledger: Ledger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const running = await ledger.list({ purpose: 'baseline', states: underWay, limit: atOnce });
    if (running.length < atOnce) return;
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
