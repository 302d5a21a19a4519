import type { Alert } from '../../src/alerts/alert.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import type { CaptureRequest } from '../../src/captures/capture.ts';
import type { AlertDecision } from '../../src/captures/ledger.ts';
import { firing } from './alert.ts';
import { minute, noon } from './time.ts';

export type QueuedDecision = Extract<AlertDecision, { outcome: 'queued' }>;

/** What an alert's route asks for: 30 s of wall-clock samples in a pod, no cooldown. */
export function requested(change: Partial<CaptureRequest> = {}): CaptureRequest {
  return {
    target: { kind: 'kubernetes', process: null, uri: null },
    event: 'wall',
    durationSeconds: 30,
    cooldownSeconds: 0,
    purpose: 'alert',
    sibling: false,
    ...change,
  };
}

/** To be captured; its own workload by its fingerprint, no cooldown, room in the queue. */
export function toCapture(
  fingerprint: string,
  change: Partial<Omit<QueuedDecision, 'alert' | 'request'>> & {
    alert?: Partial<Alert>;
    request?: Partial<CaptureRequest>;
  } = {},
): QueuedDecision {
  const { alert, request, ...rest } = change;
  return {
    outcome: 'queued',
    id: captureId(noon),
    panel: { dashboardUid: 'shop', panelId: 2, foundBy: 'test' },
    workloadKey: `shop/${fingerprint}`,
    deadlineAt: noon + 2 * minute,
    queueLimit: 100_000,
    ...rest,
    alert: firing(fingerprint, alert),
    request: requested(request),
  };
}
