import { z } from 'zod';
import { targetKinds } from './target-kinds.ts';
import { targetSchema } from './target.ts';
import { reasonSchema } from '../reasons/reason.ts';
import { alertSchema } from '../alerts/alert.ts';
import { panelSchema } from '../alerts/panel.ts';
import { artifactSchema } from '../artifacts/artifact.ts';
import { captureEventSchema } from '../profile/capture-event.ts';
import { answerSchema } from '../profile/answer/answer.ts';
import { sessionSchema } from '../profiler/session.ts';

export const captureStates = [
  'queued',
  'resolving',
  'capturing',
  'storing',
  'done',
  'skipped',
  'failed',
] as const;
export type CaptureState = (typeof captureStates)[number];
export const finalStates = ['done', 'skipped', 'failed'] as const satisfies readonly CaptureState[];
/** How to capture, as the route decided; stored with the capture, so that a new configuration does not change it. */
export const captureRequestSchema = z.object({
  /** Which adapter resolves it, and its settings from the route. */
  target: z.object({
    kind: z.enum(targetKinds),
    /** RE2 over the command line, when several JVMs run there. */
    process: z.string().nullable(),
    /** A target given by hand, instead of labels. */
    uri: z.string().nullable(),
    /** What the route says about the target, filled in: namespace, deployment, container. Values are hostile text. */
    fixed: z.record(z.string(), z.string()).optional(),
  }),
  event: captureEventSchema,
  durationSeconds: z.number().int().min(1).max(60),
  cooldownSeconds: z.number().int().nonnegative(),
  /**
   * Only captures of an alert are annotated. `baseline` captures are taken by the schedule or by hand; `sibling` ones
   * beside another capture, to compare it with.
   */
  purpose: z.enum(['alert', 'manual', 'baseline', 'sibling']),
  /** Whether to profile a healthy target of the same workload in the same window, where there is one. */
  sibling: z.boolean().default(false),
});
export type CaptureRequest = z.infer<typeof captureRequestSchema>;
/** Times of the stages, ISO, UTC, by flamepin's clock (the target's are corrected by the skew seen in the same exec). */
export const timelineSchema = z.object({
  receivedAt: z.string().nullable(),
  resolvedAt: z.string().nullable(),
  startedAt: z.string().nullable(),
  firstSampleAt: z.string().nullable(),
  windowEndedAt: z.string().nullable(),
  collectedAt: z.string().nullable(),
  storedAt: z.string().nullable(),
  annotatedAt: z.string().nullable(),
});
export type Timeline = z.infer<typeof timelineSchema>;
export const annotationStates = ['none', 'pending', 'begun', 'finished', 'failed'] as const;
export const captureSchema = z.object({
  /** Sorts by time; safe in URLs, keys and shell words: `c-` and 26 characters of [0-9a-z]. */
  id: z.string().regex(/^c-[0-9a-z]{26}$/),
  state: z.enum(captureStates),
  reason: reasonSchema.nullable(),
  alert: alertSchema,
  request: captureRequestSchema,
  panel: panelSchema.nullable(),
  target: targetSchema.nullable(),
  session: sessionSchema.nullable(),
  answer: answerSchema.nullable(),
  /** True when the recording holds less than the window. */
  partial: z.boolean(),
  artifacts: z.array(artifactSchema),
  timeline: timelineSchema,
  /** Its recording is in the spool, and its target is yet to be cleaned. Default: false. */
  uncleaned: z.boolean().optional(),
  /** While the store rejects its files: since when, how many attempts have failed, when the next is due. */
  storeRetry: z
    .object({ since: z.string(), tries: z.number().int().positive(), nextTryAt: z.string() })
    .nullable()
    .default(null),
  annotation: z.object({
    state: z.enum(annotationStates),
    reason: reasonSchema.nullable(),
    id: z.number().nullable(),
  }),
  /** The alert has resolved since. */
  alertResolvedAt: z.string().nullable(),
  /** The target died or restarted within five minutes of its window: in words; null when it did not. */
  harm: z.string().nullable(),
  /** False: it was stopped on purpose, such as a pod in a rollback, and nothing is blocked. Default: true. */
  harmBlocks: z.boolean().optional(),
  /** The healthy target profiled in the same window; null when there is none. `harm`: as for this capture's own target. */
  sibling: z
    .object({ captureId: z.string(), name: z.string(), harm: z.string().nullable() })
    .nullable()
    .default(null),
  /** For a sibling's capture: the capture it was taken for, and the name of that one's target. */
  siblingOf: z.object({ captureId: z.string(), name: z.string() }).nullable().default(null),
});
export type Capture = z.infer<typeof captureSchema>;
