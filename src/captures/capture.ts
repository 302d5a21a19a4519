import { z } from 'zod';
import { changedFrameSchema, changedNamesSchema } from '../profile/comparison.ts';
import { profileEventSchema } from '../profile/profile.ts';
import { captureEvents } from '../profile/sampling.ts';
import { reasons, type ReasonCode } from '../reasons/reasons.ts';
import { targetKinds } from '../targets/kinds.ts';
import { targetSchema } from '../targets/target.ts';

/** The words of a capture: states, outcomes and what the ledger keeps of it. */

const reasonCodes = Object.keys(reasons) as [ReasonCode, ...ReasonCode[]];
export const reasonSchema = z.object({ code: z.enum(reasonCodes), detail: z.string() });

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

/** What became of one alert of a notification. */
export const alertOutcomes = [
  'queued',
  'duplicate',
  'cooldown',
  'unrouted',
  'unmappable',
  'ignored',
  'observed',
  'paused',
  'resolved',
] as const;
export type AlertOutcome = (typeof alertOutcomes)[number];

export const captureEventSchema = z.enum(captureEvents);
export type CaptureEvent = z.infer<typeof captureEventSchema>;

/** One alert as the rest of flamepin sees it, whatever sent it. Everything in it is hostile text. */
export const alertSchema = z.object({
  /** Name of the configured source; part of the alert's identity. */
  source: z.string(),
  /** Which sender wrote the payload: decides how panels are found. */
  sender: z.enum(['alertmanager', 'grafana', 'hand', 'schedule']),
  fingerprint: z.string(),
  status: z.enum(['firing', 'resolved']),
  startsAt: z.string(),
  endsAt: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  generatorUrl: z.string(),
  /** Grafana's links to the panel and dashboard; '' when there are none. */
  panelUrl: z.string(),
  dashboardUrl: z.string(),
});
export type Alert = z.infer<typeof alertSchema>;

/** How to capture, decided by the route; kept with the capture so that a changed configuration does not change it. */
export const captureRequestSchema = z.object({
  /** Which adapter resolves it, and its settings from the route. */
  target: z.object({
    kind: z.enum(targetKinds),
    /** RE2 over the command line, when several JVMs run there. */
    process: z.string().nullable(),
    /** A target named by hand instead of labels. */
    uri: z.string().nullable(),
  }),
  event: captureEventSchema,
  durationSeconds: z.number().int().min(1).max(60),
  cooldownSeconds: z.number().int().nonnegative(),
  /**
   * Only captures of an alert are annotated. `baseline` captures are taken by the schedule or by hand; `sibling` ones
   * beside another capture, to compare it with.
   */
  purpose: z.enum(['alert', 'hand', 'baseline', 'sibling']),
  /** A healthy target of the same workload is to be profiled in the same window, where there is one. */
  sibling: z.boolean().default(false),
});
export type CaptureRequest = z.infer<typeof captureRequestSchema>;

export const panelSchema = z.object({
  dashboardUid: z.string(),
  /** null: the whole dashboard. */
  panelId: z.number().int().nullable(),
  /** How it was found, for `explain` and the page. */
  foundBy: z.string(),
});
export type Panel = z.infer<typeof panelSchema>;

/** One stored file made from a recording. `name` is the last part of its route. */
export const artifactSchema = z.object({
  name: z.enum(['flamegraph.svg', 'flamegraph.html', 'profile.json', 'summary.md', 'recording.jfr']),
  /** Lead event only, or null when it holds all. */
  event: profileEventSchema.nullable(),
  key: z.string(),
  size: z.number().int().nonnegative(),
  contentType: z.string(),
  contentEncoding: z.enum(['identity', 'gzip']),
});
export type Artifact = z.infer<typeof artifactSchema>;

/** Times of the stages, ISO, UTC, by flamepin's clock (the target's corrected by the skew seen in the same exec). */
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

export const cpuStatSchema = z.object({
  usageMicros: z.number(),
  periods: z.number(),
  throttledPeriods: z.number(),
  throttledMicros: z.number(),
});

/** What the profiler needs to collect and clean up after a crash of flamepin, and what preflight saw. */
export const sessionSchema = z.object({
  bootId: z.string(),
  pid: z.number().int().positive(),
  /** Field 22 of /proc/PID/stat, clock ticks since boot. */
  startTicks: z.string(),
  /** Absolute path of the recording inside the target. */
  recordingPath: z.string(),
  /** Where that path is, when commands ran beside the target instead of in it; what only its adapter reads. */
  place: z.string().nullable().default(null),
  /** Paths of ours that cleaning up removes, inside the target. */
  leftovers: z.array(z.string()),
  /** Target's clock minus ours, milliseconds. */
  clockSkewMs: z.number(),
  /** Which JVM of several and why; '' when there was one. */
  choice: z.string(),
  commandLine: z.string(),
  /** What was looked at before attaching: name → what was seen, shown on the page. */
  checks: z.record(z.string(), z.string()),
  /** cpu.stat of the cgroup when the window started, and when it was collected; null where there is none. */
  cpuStat: cpuStatSchema.nullable(),
  cpuStatAfter: cpuStatSchema.nullable().default(null),
});
export type Session = z.infer<typeof sessionSchema>;

export const annotationStates = ['none', 'pending', 'begun', 'finished', 'failed'] as const;

/** What only the answer holds; filled when the recording has been analysed. */
export const answerSchema = z.object({
  /** The sentence: the same in annotation, page, summary.md and log. Plain text. */
  headline: z.string(),
  /** `certain`, `likely` or `unknown`. */
  confidence: z.enum(['certain', 'likely', 'unknown']),
  /** Further plain-text lines, most important first. */
  lines: z.array(z.string()),
  /** Widest application frames of the lead event, widest first: name for people and share 0 to 1. */
  topFrames: z.array(z.object({ name: z.string(), share: z.number() })),
  /** The capture it was compared with, when there was one. */
  comparedWith: z.object({ captureId: z.string(), label: z.string() }).nullable(),
  /** What changed against it, strongest first; frames as people read them. Shares are 0 to 1. */
  comparison: z
    .object({
      baseLabel: z.string(),
      rows: z.array(changedFrameSchema),
      /** Of every event that was compared, for the colours of its picture. */
      changedFrames: z.partialRecord(captureEventSchema, changedNamesSchema).default({}),
    })
    .nullable()
    .default(null),
  samples: z.number().int().nonnegative(),
});
export type Answer = z.infer<typeof answerSchema>;

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
  /** While the store does not take its files: since when, how many tries have failed, when the next one is due. */
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
  /** False: it ended as it was ordered, such as a pod in a rollback, and nothing is blocked. Default: true. */
  harmBlocks: z.boolean().optional(),
  /** The healthy target that is profiled in the same window; null when none is. `harm` as of this capture's own target. */
  sibling: z
    .object({ captureId: z.string(), name: z.string(), harm: z.string().nullable() })
    .nullable()
    .default(null),
  /** Of a sibling's own capture: which one it was taken for, and that one's target. */
  siblingOf: z.object({ captureId: z.string(), name: z.string() }).nullable().default(null),
});
export type Capture = z.infer<typeof captureSchema>;
