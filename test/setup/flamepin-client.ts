import { z } from 'zod';
import type { RunningFlamepin } from '../../demo/flamepin.ts';
import { waitFor } from './process.ts';

/** What a sender of alerts and a reader of captures see of a running flamepin, over HTTP alone. */

const reasonSchema = z.looseObject({ code: z.string(), detail: z.string().optional() }).nullable();
const captureSchema = z.looseObject({
  id: z.string(),
  state: z.string(),
  reason: reasonSchema,
  alert: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  target: z.looseObject({ name: z.string(), choice: z.string() }).nullable(),
  partial: z.boolean(),
  harm: z.string().nullable(),
  headline: z.string().nullable(),
  annotation: z.looseObject({ state: z.string(), reason: reasonSchema }),
  timeline: z.record(z.string(), z.string().nullable()),
  artifacts: z.array(z.looseObject({ name: z.string(), size: z.number(), path: z.string() })),
});
export type CaptureJson = z.infer<typeof captureSchema>;

const acceptedSchema = z.object({
  alerts: z
    .array(
      z.looseObject({
        outcome: z.string(),
        captureId: z.string().optional(),
        reason: reasonSchema.optional(),
      }),
    )
    .length(1),
});

const deadlineMs = 30_000;

/** A flamepin that answers at `url`; `token`: what senders show, where its source demands one. */
export type Reachable = Pick<RunningFlamepin, 'url' | 'log'> & { token?: string };

/** The body that Alertmanager sends for one alert with these labels. */
export function notificationOf(
  fingerprint: string,
  labels: Record<string, string>,
  status: 'firing' | 'resolved' = 'firing',
  startsAt: Date = new Date(),
): string {
  return JSON.stringify({
    version: '4',
    status,
    receiver: 'flamepin',
    groupKey: '{}',
    truncatedAlerts: 0,
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: '',
    alerts: [
      {
        status,
        labels: { alertname: 'HighLatency', ...labels },
        annotations: { __dashboardUid__: 'shop', __panelId__: '2' },
        startsAt: startsAt.toISOString(),
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '',
        fingerprint,
      },
    ],
  });
}

/** Sends one firing alert; what became of it. */
export async function fire(
  flamepin: Reachable,
  fingerprint: string,
  labels: Record<string, string>,
): Promise<z.infer<typeof acceptedSchema>['alerts'][number]> {
  const response = await fetch(`${flamepin.url}/webhooks/alertmanager`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(flamepin.token !== undefined && { Authorization: `Bearer ${flamepin.token}` }),
    },
    body: notificationOf(fingerprint, labels),
    signal: AbortSignal.timeout(deadlineMs),
  });
  const [alert] = acceptedSchema.parse(await response.json()).alerts;
  if (alert === undefined) throw new Error('the answer names no alert');
  return alert;
}

/** The same for an alert that is to be captured; its capture's id. */
export async function fireForCapture(
  flamepin: Reachable,
  fingerprint: string,
  labels: Record<string, string>,
): Promise<string> {
  const alert = await fire(flamepin, fingerprint, labels);
  if (alert.captureId === undefined) throw new Error(`not queued: ${JSON.stringify(alert)}`);
  return alert.captureId;
}

/** The list, newest first. */
export async function capturesOf(flamepin: Reachable): Promise<CaptureJson[]> {
  const list = await readJson(`${flamepin.url}/captures`);
  return z.object({ captures: z.array(captureSchema) }).parse(list).captures;
}

export async function captureOf(flamepin: Reachable, id: string): Promise<CaptureJson> {
  return captureSchema.parse(await readJson(`${flamepin.url}/captures/${id}`));
}

async function readJson(url: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(deadlineMs),
  });
  return response.json();
}

/**
 * Undefined when no answer came: who waits asks again, on a loaded machine and while a pod is replaced. fetch says so
 * with a TypeError, or a DOMException when it took too long; what is answered wrong is thrown.
 */
export async function unlessBroken<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return undefined;
    throw error;
  }
}

/** Waits until the capture is as wanted; the error tells what it was last and what flamepin logged. */
export async function captureWhen(
  flamepin: Reachable,
  id: string,
  what: string,
  ms: number,
  wanted: (capture: CaptureJson) => boolean,
): Promise<CaptureJson> {
  let last: CaptureJson | undefined;
  return waitFor(
    `${what} of ${id}`,
    ms,
    async () => {
      last = (await unlessBroken(captureOf(flamepin, id))) ?? last;
      return last !== undefined && wanted(last) ? last : undefined;
    },
    () => [last, ...flamepin.log.slice(-20)].map((entry) => JSON.stringify(entry)).join('\n'),
  );
}

/** Waits until flamepin has logged this about the capture. */
export async function captureLogged(
  flamepin: Reachable,
  id: string,
  message: string,
  ms: number,
): Promise<void> {
  await waitFor(
    `"${message}" of ${id}`,
    ms,
    () => flamepin.log.find(({ msg, captureId }) => msg === message && captureId === id),
    () =>
      flamepin.log
        .slice(-20)
        .map((entry) => JSON.stringify(entry))
        .join('\n'),
  );
}

export const isFinal = ({ state }: CaptureJson): boolean => ['done', 'skipped', 'failed'].includes(state);
/** Final, and its mark too. */
export const isTold = (capture: CaptureJson): boolean =>
  isFinal(capture) && ['finished', 'failed'].includes(capture.annotation.state);
export const isProfiled = ({ timeline }: CaptureJson): boolean => timeline['firstSampleAt'] !== null;
