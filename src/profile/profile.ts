import { z } from 'zod';
import { profileEvents, sampleCounts } from './sampling.ts';

/**
 * What is read from one recording, in the columnar form that is stored as profile.json, sent to the page and
 * compared. All four events share one call tree, so a frame or stack has one number everywhere.
 */

export const profileEventSchema = z.enum(profileEvents);
export type ProfileEvent = z.infer<typeof profileEventSchema>;

const column = z.array(z.number().int().nonnegative());

/**
 * Samples of one event, aggregated by (stack, thread, state, slot); every column has the same length.
 * `count` is samples; `value` is what they stand for: nanoseconds of cpu, wall or lock, bytes of alloc, live
 * and nativemem.
 */
const samplesSchema = z.object({
  stack: column,
  thread: column,
  state: column,
  slot: column,
  /** Whole numbers; only folded stacks of other tools have fractions. */
  count: z.array(z.number().nonnegative()),
  value: z.array(z.number().nonnegative()),
});

/** How an event was recorded: only what was recorded alike can be compared. */
export const samplingSchema = z.object({
  /** What took the samples, for people: `ctimer`, `the JDK's execution sampler`, `allocations by async-profiler`. */
  sampler: z.string(),
  /** Of cpu and wall; null for the others, whose values say it. */
  counts: z.enum(sampleCounts).nullable(),
  /** False when nothing says what one sample stands for: `value` is then 0 and no rate can be given. */
  rated: z.boolean(),
});
export type Sampling = z.infer<typeof samplingSchema>;

export const eventProfileSchema = z.object({
  unit: z.enum(['nanoseconds', 'bytes']),
  /** Sampling interval in `unit`; 0 when the recording does not say. */
  interval: z.number().nonnegative(),
  /** Absent in profiles of older versions of flamepin, which were all recorded by its own async-profiler. */
  sampling: samplingSchema.optional(),
  samples: samplesSchema,
});

export const profileSchema = z.object({
  version: z.literal(1),
  /** Start of the window, epoch milliseconds by the target's clock. */
  startedAt: z.number(),
  durationSeconds: z.number().nonnegative(),
  /** True when the recording ended before its window did, or could be read only in part. */
  partial: z.boolean(),
  /** `cpu` engine in use: ctimer, perf_events, itimer, or null when unknown. */
  engine: z.string().nullable(),
  /** What wrote the recording: `async-profiler 4.5`, `the JDK's recorder`; absent in older profiles. */
  recorder: z.string().optional(),
  /** Main class as in `java com.acme.Main` (dots), or null. Arguments are never kept. */
  mainClass: z.string().nullable(),
  jvm: z.string().nullable(),
  /** Frame names as async-profiler's converter prints them (`com/acme/Checkout.price`); type is an index of `frameTypes`. */
  frames: z.object({ name: z.array(z.string()), type: column }),
  /**
   * The call tree, outermost first: node i is frame[i] called by node parent[i]; node 0 is the root, its own
   * parent, and has frame 0 (name ''). A parent's number is always smaller than its child's.
   */
  stacks: z.object({ parent: column, frame: column, line: column }),
  threads: z.array(z.string()),
  /** Those with samples. */
  events: z.partialRecord(profileEventSchema, eventProfileSchema),
  /** Recorded as well, but nothing of that kind happened; absent where the recording does not say what it was made with. */
  withoutSamples: z.array(profileEventSchema).optional(),
  /** Stop-the-world pauses inside the window, milliseconds from its start; from the JDK's own events when there. */
  gcPauses: z.array(z.object({ atMs: z.number(), durationMs: z.number(), name: z.string() })),
  /** CPU load samples: JVM user + system, and the machine, each 0 to 1 of all its processors. */
  cpuLoad: z.array(z.object({ atMs: z.number(), jvm: z.number(), machine: z.number() })),
  /** Processors that `cpuLoad` is a share of; absent where the recording does not say. */
  processors: z.number().int().positive().optional(),
  /** Sentences about what the reader had to drop. */
  warnings: z.array(z.string()),
});
export type Profile = z.infer<typeof profileSchema>;
