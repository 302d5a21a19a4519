import { captureSchema, type Capture, type CaptureState } from '../captures/capture.ts';
import type { AlertDecision, CaptureChange, NewSibling } from '../captures/ledger.ts';
import { Failure, type Reason } from '../reasons/failure.ts';

/** The rules that every ledger shares, whatever its database. Pure. */

/** Stages in their order: a capture never goes back to an earlier one. `queued` and `resolving` both wait. */
const stages = {
  queued: 'waiting',
  resolving: 'waiting',
  capturing: 'capturing',
  storing: 'storing',
  done: 'final',
  skipped: 'final',
  failed: 'final',
} as const satisfies Record<CaptureState, string>;
type Stage = (typeof stages)[CaptureState];
const order: readonly Stage[] = ['waiting', 'capturing', 'storing', 'final'];

export function stageOf(state: CaptureState): Stage {
  return stages[state];
}

type NewCapture = Pick<Extract<AlertDecision, { outcome: 'queued' }>, 'id' | 'alert' | 'request' | 'panel'>;

/** The capture of a queued decision. */
export function newCapture(decision: NewCapture, now: number): Capture {
  return {
    id: decision.id,
    state: 'queued',
    reason: null,
    alert: decision.alert,
    request: decision.request,
    panel: decision.panel,
    target: null,
    session: null,
    answer: null,
    partial: false,
    artifacts: [],
    timeline: {
      receivedAt: isoTime(now),
      resolvedAt: null,
      startedAt: null,
      firstSampleAt: null,
      windowEndedAt: null,
      collectedAt: null,
      storedAt: null,
      annotatedAt: null,
    },
    storeRetry: null,
    annotation: { state: 'none', reason: null, id: null },
    alertResolvedAt: null,
    harm: null,
    sibling: null,
    siblingOf: null,
  };
}

/** The queued capture of a sibling: same alert, another target, no panel. */
export function newSibling(
  { id, alert, request, target: profiled }: Capture,
  sibling: NewSibling,
  now: number,
): Capture {
  const own: Capture['request'] = {
    ...request,
    target: { ...request.target, uri: null },
    cooldownSeconds: 0,
    purpose: 'sibling',
    sibling: false,
  };
  return {
    ...newCapture({ id: sibling.id, alert, request: own, panel: null }, now),
    target: sibling.target,
    siblingOf: { captureId: id, name: profiled?.name ?? '' },
  };
}

/** Why a capture that is still waiting at its deadline is skipped. */
export function lateReason({ request }: Capture, deadlineAt: number): Reason {
  return {
    code: request.purpose === 'sibling' ? 'sibling-late' : 'deadline-passed',
    detail: `The deadline was ${isoTime(deadlineAt)}.`,
  };
}

/**
 * The capture after a change. Throws when the change would go back to an earlier stage, or into `capturing`, which only
 * `admit` may do: a visible fault is better than a second start.
 */
export function applyChange(capture: Capture, change: CaptureChange): Capture {
  const fields = { ...change };
  delete fields.deliver;
  delete fields.slotUntil;
  const changed: Capture = { ...capture, ...fields, timeline: { ...capture.timeline, ...change.timeline } };
  const from = order.indexOf(stageOf(capture.state));
  const to = order.indexOf(stageOf(changed.state));
  if (to === order.length - 1) changed.storeRetry = null;
  if (to < from || (changed.state === 'capturing' && capture.state !== 'capturing'))
    throw new Error(`a capture cannot move from ${capture.state} to ${changed.state}`);
  return changed;
}

/**
 * The capture itself, if it can be read back. Throws Failure internal-error, so that the fault shows where it is made and
 * not on every later read.
 */
export function checked(capture: Capture): Capture {
  const read = captureSchema.safeParse(capture);
  if (read.success) return capture;
  const [issue] = read.error.issues;
  throw new Failure('internal-error', {
    detail: `${capture.id} cannot be kept: ${issue?.path.join('.')}: ${issue?.message}`,
  });
}

/** Keeps only what the page of an expired capture shows: the alert's labels, target, answer and times. */
export function compactCapture(capture: Capture): Capture {
  return {
    ...capture,
    session: null,
    alert: { ...capture.alert, annotations: {}, generatorUrl: '' },
    target: capture.target === null ? null : { ...capture.target, data: {} },
  };
}

/** Milliseconds since the epoch → ISO, UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
