import type { Session } from './session.ts';

/** The key=value lines that the scripts print; a key may come more than once. */
export type Facts = ReadonlyMap<string, readonly string[]>;

/** Lines → facts. Lines without `=` are ignored. */
export function readFacts(text: string): Facts {
  const facts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at <= 0) continue;
    const key = line.slice(0, at);
    const values = facts.get(key);
    if (values === undefined) facts.set(key, [line.slice(at + 1)]);
    else values.push(line.slice(at + 1));
  }
  return facts;
}

/** The first value of a key, or null. */
export function fact(facts: Facts, key: string): string | null {
  return facts.get(key)?.[0] ?? null;
}

/**
 * cpu.stat as the kernel prints it (v2: microseconds; v1: nanoseconds, usage in a file of its own); null without it,
 * or where a number is longer than the kernel's 64 bits.
 */
export function cpuStatOf(facts: Facts): Session['cpuStat'] {
  const number = (key: string): number | null => {
    const value = fact(facts, `cpu.${key}`);
    return value !== null && /^\d{1,20}$/.test(value) ? Number(value) : null;
  };
  const usageNanos = number('usage_nanos');
  const usageMicros = number('usage_usec') ?? (usageNanos === null ? null : Math.round(usageNanos / 1000));
  if (usageMicros === null) return null;
  return {
    usageMicros,
    periods: number('nr_periods') ?? 0,
    throttledPeriods: number('nr_throttled') ?? 0,
    throttledMicros: number('throttled_usec') ?? Math.round((number('throttled_time') ?? 0) / 1000),
  };
}

/**
 * The time that `date +%s%N` printed, as the interval it may mean: a busybox without nanoseconds prints whole
 * seconds. Milliseconds since 1970; null when it is no time.
 */
export function clockOf(printed: string | null): { earliest: number; latest: number } | null {
  const match = /^(\d{9,11})(\d{9})?(?:%N|N)?$/.exec(printed ?? '');
  if (match === null) return null;
  const seconds = Number(match[1]) * 1000;
  if (match[2] === undefined) return { earliest: seconds, latest: seconds + 999 };
  const exact = seconds + Number(match[2]) / 1e6;
  return { earliest: exact, latest: exact };
}

/**
 * Target's clock minus ours, milliseconds: the smallest difference that explains a clock read in the target between
 * `sentAt` and `receivedAt` on ours. 0 when the clocks may agree, so that a slow connection is not taken for skew.
 */
export function skewOf(
  clock: { earliest: number; latest: number },
  sentAt: number,
  receivedAt: number,
): number {
  if (clock.earliest > receivedAt) return clock.earliest - receivedAt;
  if (clock.latest < sentAt) return clock.latest - sentAt;
  return 0;
}
