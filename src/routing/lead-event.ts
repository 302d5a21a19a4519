import type { CaptureEvent } from '../captures/capture.ts';

/**
 * The lead event of a route without `event`, by words of the alert's name. The first row that fits wins; resources
 * come before symptoms, so that `JvmGcPauseTooLong` leads with allocations. docs/configuration.md shows this table.
 */
const table: readonly { words: readonly string[]; event: CaptureEvent; because: string }[] = [
  {
    words: ['contention', 'contended', 'deadlock'],
    event: 'lock',
    because: 'the name speaks of locks',
  },
  {
    words: ['memory', 'heap', 'gc', 'alloc', 'oom', 'metaspace'],
    event: 'alloc',
    because: 'the name speaks of memory or garbage collection',
  },
  {
    words: ['cpu', 'throttl'],
    event: 'cpu',
    because: 'the name speaks of CPU time',
  },
  {
    words: [
      'latenc',
      'slow',
      'duration',
      'response',
      'timeout',
      'apdex',
      'quantile',
      'percentile',
      'p9',
      'p50',
    ],
    event: 'wall',
    because: 'the name speaks of latency',
  },
];

/** Short words that stand inside others (`gcp`, `room`): they count only as a word of their own. */
const whole = new Set(['gc', 'oom']);

/** Alert name → event and, in words, why. */
export function leadEvent(alertName: string): { event: CaptureEvent; because: string } {
  const lower = alertName.toLowerCase();
  // Bounded: a name of 4 KiB of capitals would otherwise be split into thousands.
  const words = new Set(splitWords(alertName.slice(0, 200)));
  for (const row of table)
    if (row.words.some((word) => (whole.has(word) ? words.has(word) : lower.includes(word))))
      return { event: row.event, because: row.because };
  return { event: 'cpu', because: 'the name says nothing of latency, memory or locks' };
}

/** `JvmGCPause_high` → jvm, gc, pause, high. */
function splitWords(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3 $2$4')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
