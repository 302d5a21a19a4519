import { z } from 'zod';

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
  /** Preflight checks: name → what was seen, shown on the page. */
  checks: z.record(z.string(), z.string()),
  /** Events that this JVM could not record, and why, in async-profiler's words. */
  missingEvents: z.record(z.string(), z.string()).default({}),
  /** cpu.stat of the cgroup when the window started, and when it was collected; null where there is none. */
  cpuStat: cpuStatSchema.nullable(),
  cpuStatAfter: cpuStatSchema.nullable().default(null),
});

export type Session = z.infer<typeof sessionSchema>;
