import type { z } from 'zod';
import { captureSchema, type Capture } from '../captures/capture.ts';
import type { Reason } from '../reasons/failure.ts';
import { stageOf } from './capture-change.ts';
import type { Alert } from '../alerts/alert.ts';

/**
 * Reads a ledger's JSON. A record may be damaged, or written by another version with other bounds: it must neither block
 * the queue nor break the list, and its target may still need cleaning. Pure.
 */

/**
 * JSON → capture. From a damaged record every readable field is kept, and `flaw` names the others. Work on such a capture
 * continues only where it can: in `capturing` while its target is known, so that the target is cleaned, and in
 * `storing`, as the recording is kept separately. Anything else becomes `failed`, or keeps its final state.
 */
export function readStoredCapture(id: string, text: string): { capture: Capture; flaw: Reason | null } {
  const raw = parse(text);
  const whole = captureSchema.safeParse(raw);
  if (whole.success && whole.data.id === id) return { capture: whole.data, flaw: null };
  const fields: Readonly<Record<string, unknown>> = typeof raw === 'object' && raw !== null ? { ...raw } : {};
  const lost: string[] = [];
  const kept = <K extends keyof Capture>(name: K, schema: z.ZodType<Capture[K]>, otherwise: Capture[K]) => {
    const read = schema.safeParse(fields[name]);
    if (read.success) return read.data;
    lost.push(`${name}: ${where(read.error)}`);
    return otherwise;
  };
  const { shape } = captureSchema;
  const capture: Capture = {
    id,
    state: kept('state', shape.state, 'failed'),
    reason: kept('reason', shape.reason, null),
    alert: kept('alert', shape.alert, unreadableAlert({ source: '', fingerprint: id, startsAt: '' })),
    request: kept('request', shape.request, unreadableRequest),
    panel: kept('panel', shape.panel, null),
    target: kept('target', shape.target, null),
    session: kept('session', shape.session, null),
    answer: kept('answer', shape.answer, null),
    partial: kept('partial', shape.partial, false),
    artifacts: kept('artifacts', shape.artifacts, []),
    timeline: kept('timeline', shape.timeline, noTimes),
    storeRetry: kept('storeRetry', shape.storeRetry, null),
    annotation: kept('annotation', shape.annotation, { state: 'none', reason: null, id: null }),
    alertResolvedAt: kept('alertResolvedAt', shape.alertResolvedAt, null),
    harm: kept('harm', shape.harm, null),
    sibling: kept('sibling', shape.sibling, null),
    siblingOf: kept('siblingOf', shape.siblingOf, null),
  };
  const detail = (raw === undefined ? 'not JSON' : lost.join('; ') || 'id: of another capture').slice(
    0,
    2000,
  );
  const flaw: Reason = { code: 'capture-unreadable', detail };
  const stage = stageOf(capture.state);
  const canContinue = stage === 'storing' || (stage === 'capturing' && capture.target !== null);
  const state = stage === 'final' || canContinue ? capture.state : 'failed';
  return { capture: { ...capture, state, reason: capture.answer === null ? flaw : capture.reason }, flaw };
}

/** JSON of a part → the part; undefined when it cannot be read. */
export function readStored<T>(schema: z.ZodType<T>, text: string): T | undefined {
  return schema.safeParse(parse(text)).data;
}

/** An alert whose record cannot be read, with what is known otherwise. */
export function unreadableAlert(known: Pick<Alert, 'source' | 'fingerprint' | 'startsAt'>): Alert {
  return {
    ...known,
    sender: 'manual',
    status: 'firing',
    endsAt: null,
    labels: {},
    annotations: {},
    generatorUrl: '',
    panelUrl: '',
    dashboardUrl: '',
  };
}

const unreadableRequest: Capture['request'] = {
  target: { kind: 'host', process: null, uri: null },
  event: 'cpu',
  durationSeconds: 60,
  cooldownSeconds: 0,
  purpose: 'manual',
  sibling: false,
};

const noTimes: Capture['timeline'] = {
  receivedAt: null,
  resolvedAt: null,
  startedAt: null,
  firstSampleAt: null,
  windowEndedAt: null,
  collectedAt: null,
  storedAt: null,
  annotatedAt: null,
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function where({ issues: [issue] }: z.ZodError): string {
  return [issue?.path.join('.'), issue?.message].filter((part) => part !== '').join(': ');
}
