import { captureId } from './capture-id.ts';
import type { CaptureRequest } from './capture.ts';
import type { AlertDecision } from './ledger.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';

/** `POST /captures`: a capture without an alert. It goes through the same queue, limits and checks. */
export function manualDecision(
  request: {
    target: string;
    kind: CaptureRequest['target']['kind'];
    event: CaptureEvent;
    durationSeconds: number;
    purpose: Exclude<CaptureRequest['purpose'], 'alert' | 'sibling'>;
    /** The configuration's setting for this kind of target. */
    sibling: boolean;
  },
  now: number,
  limits: { deadline: number; queue: number },
): Extract<AlertDecision, { outcome: 'queued' }> {
  const id = captureId(now);
  return {
    alert: {
      source: 'manual',
      sender: 'manual',
      fingerprint: id,
      status: 'firing',
      startsAt: new Date(now).toISOString(),
      endsAt: null,
      labels: {},
      annotations: {},
      generatorUrl: '',
      panelUrl: '',
      dashboardUrl: '',
    },
    outcome: 'queued',
    id,
    request: {
      target: { kind: request.kind, process: null, uri: request.target },
      event: request.event,
      durationSeconds: request.durationSeconds,
      cooldownSeconds: 0,
      purpose: request.purpose,
      sibling: request.sibling && request.purpose === 'manual',
    },
    panel: null,
    workloadKey: `manual ${id}`,
    deadlineAt: now + limits.deadline,
    queueLimit: limits.queue,
  };
}
