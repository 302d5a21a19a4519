import { captureId } from '../../src/captures/capture-id.ts';
import type { Capture, CaptureRequest } from '../../src/captures/capture.ts';
import type { AlertDecision, Ledger } from '../../src/captures/ledger.ts';
import type { Target } from '../../src/captures/target.ts';
import type { Alert } from '../../src/alerts/alert.ts';
import type { Session } from '../../src/profiler/session.ts';

/** What the ledger's tests say: alerts, decisions, targets and a session, ordinary unless told otherwise. */

export const noon = Date.UTC(2026, 10, 23, 12);
export const second = 1000;
export const minute = 60 * second;
export const leaseMs = 10 * second;

export const session: Session = {
  bootId: 'b',
  pid: 7,
  startTicks: '1',
  recordingPath: '/tmp/flamepin-c/recording.jfr',
  place: null,
  leftovers: [],
  clockSkewMs: 0,
  choice: '',
  commandLine: 'java',
  checks: {},
  cpuStat: null,
  cpuStatAfter: null,
};

type QueuedDecision = Extract<AlertDecision, { outcome: 'queued' }>;

export function firing(fingerprint: string, change: Partial<Alert> = {}): Alert {
  return {
    source: 'alertmanager',
    sender: 'alertmanager',
    fingerprint,
    status: 'firing',
    startsAt: '2026-11-23T11:55:00Z',
    endsAt: null,
    labels: { alertname: 'HighLatency', namespace: 'shop', pod: `checkout-${fingerprint}` },
    annotations: { summary: 'p99 is 4 s' },
    generatorUrl: 'http://prometheus/graph?g0.expr=x',
    panelUrl: '',
    dashboardUrl: '',
    ...change,
  };
}

export function resolved(fingerprint: string, change: Partial<Alert> = {}): AlertDecision {
  const alert = firing(fingerprint, { status: 'resolved', endsAt: '2026-11-23T12:00:00Z', ...change });
  return { alert, outcome: 'resolved' };
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
    request: {
      target: { kind: 'kubernetes', process: null, uri: null },
      event: 'wall',
      durationSeconds: 30,
      cooldownSeconds: 0,
      purpose: 'alert',
      sibling: false,
      ...request,
    },
  };
}

export function targetOn(node: string, workload: string, image: string | null = null): Target {
  return {
    kind: 'kubernetes',
    uri: `kubernetes://shop/${workload}-x2x/app`,
    name: `${workload}-x2x`,
    workload: `shop/Deployment/${workload}`,
    node,
    image,
    startedAt: '2026-11-20T00:00:00.000Z',
    choice: '',
    data: { uid: 'u-1' },
  };
}

export const wide = { total: 100, perNode: 100 };

/** Accepts one capture and leases it, and what is due before it: what a worker has in its hands. */
export async function leased(
  ledger: Ledger,
  owner: string,
  decision: QueuedDecision = toCapture('f1'),
  now: number = noon,
): Promise<Capture> {
  await ledger.accept([decision], now);
  for (;;) {
    const capture = must(await ledger.lease(owner, now, leaseMs));
    if (capture.id === decision.id) return capture;
  }
}

/** Accepts, leases and admits one capture: its start is on record. */
export async function started(
  ledger: Ledger,
  owner: string,
  decision: QueuedDecision = toCapture('f1'),
  target: Target = targetOn('n1', 'checkout'),
  now: number = noon,
): Promise<Capture> {
  const capture = await leased(ledger, owner, decision, now);
  const admission = await ledger.admit(capture.id, owner, target, wide, now);
  if (admission.kind !== 'admitted') throw new Error(`not admitted but ${JSON.stringify(admission)}`);
  return must(await ledger.get(capture.id));
}

/** Takes a capture from notification to `done`, its delivery due. */
export async function finished(
  ledger: Ledger,
  owner: string,
  decision: QueuedDecision = toCapture('f1'),
  target: Target = targetOn('n1', 'checkout'),
  now: number = noon,
): Promise<Capture> {
  const { id } = await started(ledger, owner, decision, target, now);
  await ledger.spool(
    id,
    owner,
    Buffer.from('recording'),
    { state: 'storing', timeline: { windowEndedAt: new Date(now).toISOString() } },
    now,
  );
  await ledger.finishStoring(id, owner, { state: 'done', deliver: 'finish' }, now);
  return must(await ledger.get(id));
}

export function must<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('expected something, found nothing');
  return value;
}
