import { captureId } from './capture-id.ts';
import type { CaptureRequest } from './capture.ts';
import type { AlertDecision } from './ledger.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';

/** `POST /captures`: a capture that nobody's alert asked for; it goes through the same queue, limits and checks. */
export function manualDecision(
  hand: {
    target: string;
    kind: CaptureRequest['target']['kind'];
    event: CaptureEvent;
    durationSeconds: number;
    purpose: Exclude<CaptureRequest['purpose'], 'alert' | 'sibling'>;
    /** As the configuration says for this kind of target. */
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
      target: { kind: hand.kind, process: null, uri: hand.target },
      event: hand.event,
      durationSeconds: hand.durationSeconds,
      cooldownSeconds: 0,
      purpose: hand.purpose,
      sibling: hand.sibling && hand.purpose === 'manual',
    },
    panel: null,
    workloadKey: `manual ${id}`,
    deadlineAt: now + limits.deadline,
    queueLimit: limits.queue,
  };
}
