/**
 * What async-profiler tells apart when it samples. Apart from the schema in profile.ts, so that the browser page
 * and commands that read no stored data can use these words without the schema library, 0.06 s of their start.
 */

/** The events that async-profiler writes into one recording. */
export const profileEvents = ['cpu', 'wall', 'alloc', 'lock', 'live', 'nativemem', 'nativelock'] as const;

/** Those that every capture asks for, any of which may lead it. */
export const captureEvents = [
  'cpu',
  'wall',
  'alloc',
  'lock',
] as const satisfies readonly (typeof profileEvents)[number][];

/** async-profiler's own frame types, in the order of its numbers (FrameTypeId). */
export const frameTypes = ['interpreted', 'jit', 'inlined', 'native', 'cpp', 'kernel', 'c1'] as const;
export type FrameType = (typeof frameTypes)[number];

/** Thread states of wall samples; `default` is what cpu, alloc and lock samples carry. */
export const threadStates = ['default', 'runnable', 'sleeping', 'parked', 'contended'] as const;
export type ThreadState = (typeof threadStates)[number];

/** What one sample of cpu or wall counts. */
export const sampleCounts = [
  /** An interval of CPU time, wherever it was spent. */
  'cpu-time',
  /** An interval in the life of one thread, whatever it did. */
  'wall-time',
  /** Some of the threads that were found in Java code: where the JVM works, but not how much. */
  'running-java',
  /** Some of the threads that were found in native code, working or waiting. */
  'native-calls',
  /** So many of another event: cycles, cache misses, page faults, calls of a method. */
  'occurrences',
] as const;
export type SampleCount = (typeof sampleCounts)[number];

/** Length of a time slot in seconds; the strip and the 1 s blocks of the comparison are sums of slots. */
export const slotSeconds = 0.5;

/** Samples of these end in the class that was allocated or locked: what, not where. */
export function endsInClass(event: (typeof profileEvents)[number]): boolean {
  return event === 'alloc' || event === 'lock' || event === 'live';
}
