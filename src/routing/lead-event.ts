import type { CaptureEvent } from '../profile/capture-event.ts';

/**
 * The lead event of a route without `event`, by the alert's name; the first match wins. Resources come
 * before symptoms, so that `JvmGcPauseTooLong` leads with allocations. docs/configuration.md shows this table.
 */
export const leadEventTable: readonly {
  /** Matched anywhere in the name, ignoring case and punctuation. */
  parts: readonly string[];
  /** Matched only as whole words, as they occur inside others (`gcp`, `room`, `http500`). */
  words: readonly string[];
  event: CaptureEvent;
  because: string;
}[] = [
  {
    parts: ['contention', 'contended', 'deadlock'],
    words: [],
    event: 'lock',
    because: 'the name mentions locks',
  },
  {
    parts: ['memory', 'heap', 'alloc', 'metaspace', 'garbage'],
    words: ['gc', 'oom'],
    event: 'alloc',
    because: 'the name mentions memory or garbage collection',
  },
  {
    parts: ['cpu', 'throttl'],
    words: [],
    event: 'cpu',
    because: 'the name mentions CPU time',
  },
  {
    parts: ['latenc', 'slow', 'duration', 'responsetime', 'timeout', 'apdex', 'quantile', 'percentile'],
    words: ['p50', 'p75', 'p90', 'p95', 'p98', 'p99', 'p999'],
    event: 'wall',
    because: 'the name mentions latency',
  },
];

/** Alert name → event and, in words, why. */
export function leadEvent(alertName: string): { event: CaptureEvent; because: string } {
  // Bounded: a name of 4 KiB of capitals would be split into thousands of words.
  const words = splitWords(alertName.slice(0, 200));
  const squeezed = words.join('');
  const row = leadEventTable.find(
    (each) =>
      each.parts.some((part) => squeezed.includes(part)) || each.words.some((word) => words.includes(word)),
  );
  if (row !== undefined) return { event: row.event, because: row.because };
  return { event: 'cpu', because: 'the name does not mention latency, memory or locks' };
}

/** `JvmGCPause_high` → jvm, gc, pause, high. */
function splitWords(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3 $2$4')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
