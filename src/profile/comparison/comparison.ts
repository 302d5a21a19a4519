import { z } from 'zod';
import { profileEventSchema } from '../profile.ts';
import { rowChanges } from './row-change.ts';

/** What changed between two profiles: the JSON of `flamepin compare` and of the page. */

/**
 * One frame in both profiles. Shares are 0 to 1 of the event's samples, for wall without idle threads; cores are a
 * rate: processor cores for cpu, threads for wall, bytes per second for alloc, seconds per second for lock.
 */
export const changedFrameSchema = z.object({
  /** For people, stable between runs: `com.acme.shop.RuleSet.scan`. */
  frame: z.string(),
  event: profileEventSchema,
  kind: z.enum(['application', 'framework', 'jdk', 'native', 'kernel', 'gc-jit']),
  baseShare: z.number(),
  currentShare: z.number(),
  deltaShare: z.number(),
  /** 95 % interval of `deltaShare`. */
  deltaShareLow: z.number(),
  deltaShareHigh: z.number(),
  baseCores: z.number(),
  currentCores: z.number(),
  /** True where nothing says what one sample stands for: the rates are of samples. */
  unrated: z.boolean().optional(),
  /** 95 % interval of the difference of the cores; absent in answers of older versions. */
  deltaCoresLow: z.number().optional(),
  deltaCoresHigh: z.number().optional(),
  /** By tests of share and cores: see `rowChange`. */
  change: z.enum(rowChanges).default('same'),
  /** Share and cores changed beyond noise, by at least two percentage points, the same way. */
  significant: z.boolean(),
  /** Callee that holds most of the change, and caller through which most of it comes; null when there is none. */
  mostly: z.string().nullable(),
  calledBy: z.string().nullable(),
  /** Lowest and highest share among the baselines, when there were several. */
  spread: z.object({ low: z.number(), high: z.number() }).optional(),
});
export type ChangedFrame = z.infer<typeof changedFrameSchema>;

/** Every frame that changed, callers and callees of the causes included, by name: what a picture colours. */
export const changedNamesSchema = z.object({ grew: z.array(z.string()), shrank: z.array(z.string()) });
export type ChangedNames = z.infer<typeof changedNamesSchema>;

export const comparisonSchema = z.object({
  headline: z.string(),
  event: profileEventSchema,
  /** What sentences call the base, for example `baseline Tue 14:00`. */
  baseLabel: z.string(),
  /** Causes that changed, largest change first, then other application frames: those that changed first, then the largest. */
  changed: z.array(changedFrameSchema),
  /** By the same rule as `significant`, not yet merged along the stack. */
  changedFrames: changedNamesSchema,
  /** Samples without idle threads. */
  baseSamples: z.number().int().nonnegative(),
  currentSamples: z.number().int().nonnegative(),
  /** All frames together, in the unit of `baseCores`. */
  baseTotal: z.number(),
  currentTotal: z.number(),
  /** What the rates are of. */
  unit: z.union([profileEventSchema, z.literal('samples')]),
  /** How the two were recorded differently, so that they cannot be compared; the end of a sentence. */
  otherwise: z.string().optional(),
  /** The total itself changed beyond noise. */
  totalChanged: z.boolean(),
  /** How busy the base's machine was on average, 0 to 1; null where its recording does not say. */
  baseMachine: z.number().nullable().default(null),
  /** Growth that would have been detected nine times in ten, for a frame with 30 % of the event; 0 to 1. */
  detectableShare: z.number(),
});
export type Comparison = z.infer<typeof comparisonSchema>;
