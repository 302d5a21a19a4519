import { z } from 'zod';
import { captureSchema, type Capture } from '../captures/capture.ts';
import { describeReason, type Reason } from '../reasons/failure.ts';
import { targetSchema } from '../captures/target.ts';
import { reasonSchema } from '../reasons/reason.ts';
import { alertSchema } from '../alerts/alert.ts';
import { artifactSchema } from '../artifacts/artifact.ts';

export const captureIdSchema = captureSchema.shape.id.meta({
  description: 'Sorts by time.',
  example: 'c-01k9aaaaaaaaaaaaaaaaaaaaaa',
});

export const reasonJsonSchema = reasonSchema
  .extend({
    detail: z.string().meta({ description: 'What was found in this case.' }),
    sentence: z.string().meta({ description: 'What happened.' }),
    remedy: z.string().meta({ description: 'What to do about it.' }),
  })
  .meta({ id: 'DescribedReason' });

const { request, annotation } = captureSchema.shape;

/** What outside readers get of a capture, without paths inside the target or the process's command line. */
export const captureJsonSchema = z
  .object({
    id: captureIdSchema,
    state: captureSchema.shape.state.meta({ description: '`done`, `skipped` and `failed` are final.' }),
    reason: reasonJsonSchema.nullable().meta({ description: 'Why it was skipped or failed.' }),
    alert: alertSchema
      .pick({ source: true, fingerprint: true, startsAt: true, labels: true })
      .extend({ resolvedAt: captureSchema.shape.alertResolvedAt }),
    target: targetSchema
      .pick({ uri: true, name: true, workload: true, node: true, image: true, choice: true })
      .nullable(),
    event: request.shape.event.meta({ description: 'The lead event; a recording holds all of them.' }),
    purpose: request.shape.purpose,
    startedAt: captureSchema.shape.timeline.shape.startedAt,
    durationSeconds: request.shape.durationSeconds,
    headline: z.string().nullable().meta({ description: 'The answer in one sentence.' }),
    answer: captureSchema.shape.answer.meta({ description: 'Shares are 0 to 1.' }),
    partial: captureSchema.shape.partial.meta({ description: 'The recording holds less than the window.' }),
    storeRetry: captureSchema.shape.storeRetry.unwrap().meta({
      description:
        'While its files are not in the store: since when, how many tries have failed, when the next one is due.',
    }),
    harm: captureSchema.shape.harm.meta({
      description: 'How the target died or restarted within five minutes of its window.',
    }),
    sibling: captureSchema.shape.sibling,
    siblingOf: captureSchema.shape.siblingOf,
    checks: z
      .record(z.string(), z.string())
      .nullable()
      .meta({ description: 'What was checked in the target before the profiler was attached.' }),
    missingEvents: z
      .record(z.string(), z.string())
      .nullable()
      .meta({ description: "Events that the JVM could not record, and why, in async-profiler's words." }),
    artifacts: z.array(
      artifactSchema
        .pick({ name: true, event: true, size: true, contentType: true })
        .extend({ path: z.string().meta({ description: 'Where it is served.' }) }),
    ),
    annotation: z.object({
      state: annotation.shape.state,
      reason: reasonJsonSchema.nullable(),
      panel: captureSchema.shape.panel,
    }),
    timeline: captureSchema.shape.timeline.meta({ description: 'Times of the stages, ISO 8601 in UTC.' }),
  })
  .meta({ id: 'Capture' });
type CaptureJson = z.infer<typeof captureJsonSchema>;

export const captureListSchema = z
  .object({ captures: z.array(captureJsonSchema) })
  .meta({ id: 'CaptureList' });

/** A reason as pages, `explain` and JSON show it: code and the same words everywhere. */
export function reasonJson(reason: Reason | null): z.infer<typeof reasonJsonSchema> | null {
  return reason === null ? null : { ...reason, ...describeReason(reason) };
}

export function captureJson(capture: Capture): CaptureJson {
  const { target, session } = capture;
  return {
    id: capture.id,
    state: capture.state,
    reason: reasonJson(capture.reason),
    alert: {
      source: capture.alert.source,
      fingerprint: capture.alert.fingerprint,
      startsAt: capture.alert.startsAt,
      resolvedAt: capture.alertResolvedAt,
      labels: capture.alert.labels,
    },
    target:
      target === null
        ? null
        : {
            uri: target.uri,
            name: target.name,
            workload: target.workload,
            node: target.node,
            image: target.image,
            choice: target.choice,
          },
    event: capture.request.event,
    purpose: capture.request.purpose,
    startedAt: capture.timeline.startedAt,
    durationSeconds: capture.request.durationSeconds,
    headline: capture.answer?.headline ?? null,
    answer: capture.answer,
    partial: capture.partial,
    storeRetry: capture.storeRetry,
    harm: capture.harm,
    sibling: capture.sibling,
    siblingOf: capture.siblingOf,
    checks: session?.checks ?? null,
    missingEvents: session?.missingEvents ?? null,
    artifacts: capture.artifacts.map(({ name, event, size, contentType }) => ({
      name,
      event,
      size,
      contentType,
      path: artifactPath(capture.id, name, event),
    })),
    annotation: {
      state: capture.annotation.state,
      reason: reasonJson(capture.annotation.reason),
      panel: capture.panel,
    },
    timeline: capture.timeline,
  };
}

/** Labels of an alert in a list, and characters of each name and value: the capture itself has all of them. */
const listedLabels = 50;
const listedText = 200;

/** An entry of the list: what somebody else wrote into an alert is cut, so that fifty entries stay a small answer. */
export function listedCaptureJson(capture: Capture): CaptureJson {
  const labels = Object.entries(capture.alert.labels)
    .slice(0, listedLabels)
    .map(([name, value]) => [clip(name), clip(value)]);
  return captureJson({
    ...capture,
    alert: { ...capture.alert, labels: Object.fromEntries(labels) as Record<string, string> },
  });
}

const clip = (text: string): string =>
  text.length <= listedText ? text : `${text.slice(0, listedText - 1)}…`.toWellFormed();

/** `/captures/c-…/flamegraph.svg?event=wall` */
export function artifactPath(id: string, name: string, event: string | null): string {
  return `/captures/${id}/${name}${event === null ? '' : `?event=${event}`}`;
}
