import { findCauses, nearestCaller, type Cause } from './cause.ts';
import { classOf, displayName, isNameable } from './changed-row.ts';
import { collectorFrame, compilerFrame, type EventSamples, type FrameNames } from '../event-samples.ts';
import { isKnownWait } from '../known-waits.ts';
import type { ProfileEvent } from '../profile.ts';
import type { RateUnit } from '../quantities.ts';
import type { Activity } from '../wait-kind.ts';

/** Where a profile's weight is, without anything to compare it with. */
export interface HotSpot {
  /** For people. */
  frame: string;
  /** 0 to 1 of the samples, weighed by value: time or bytes. */
  share: number;
  /** In that unit per second. */
  rate: number;
  /** What `rate` is of. */
  unit: RateUnit;
  mostly: string | null;
  calledBy: string | null;
  /** What its samples mostly do; null when mixed. */
  activity: Activity | null;
  /** Whose code it is, where that is not the application's. */
  whose?: 'framework' | 'jdk' | 'native';
}

/** Smaller spots are not worth naming. */
const smallestShare = 0.05;
/** A spot that is nearly everything, such as the handler of every request, says less than what most of it is in. */
const nearlyAll = 0.9;
/** Cores that compilation must take to be where the time goes: in a JVM that hardly runs it easily is half of it. */
export const feltCompilation = 0.3;

/**
 * The application's heaviest spots, each cause once, heaviest first; empty when there are no samples. Where no
 * application code is worth naming, what cpu or memory was spent on is still somebody's: the framework's, else the JDK's,
 * else that of native code.
 */
export function hotSpots(samples: EventSamples, names: FrameNames, event: ProfileEvent): HotSpot[] {
  const waits = event === 'wall' || event === 'lock';
  const weight = pathWeights(samples);
  const shares = new Float64Array(names.names.length);
  samples.paths.forEach((path, index) => {
    for (const frame of path) shares[frame] = (shares[frame] ?? 0) + (weight[index] ?? 0);
  });
  const isWide = (frame: number): boolean => (shares[frame] ?? 0) >= smallestShare;
  const whose = waits ? undefined : whoseInstead(names, isWide);
  const isNamed = (frame: number): boolean =>
    whose === undefined ? isNameable(names, frame) : names.kinds[frame] === whose;
  const candidates = new Set<number>();
  shares.forEach((_, frame) => {
    const name = names.names[frame] ?? '';
    const machinery = name === collectorFrame || name === compilerFrame;
    const named = isNamed(frame) || machinery || (waits && isKnownWait(name));
    if (isWide(frame) && named) candidates.add(frame);
  });
  const ownClass = (frame: number): string => classOf(names, frame);
  const weights = { paths: samples.paths, weight };
  const caller = (cause: Cause): number | null =>
    cause.calledBy ?? nearestCaller(weights, cause.frame, isNamed, ownClass);
  const named = (frame: number | null): string | null => (frame === null ? null : displayName(names, frame));
  const toSpot = (cause: Cause): HotSpot => ({
    frame: displayName(names, cause.frame),
    share: shares[cause.frame] ?? 0,
    rate: ((shares[cause.frame] ?? 0) * samples.total) / samples.seconds,
    unit: samples.unit,
    mostly: named(cause.mostly),
    calledBy: named(caller(cause)),
    activity: mainActivity(samples, cause.frame),
    ...(whose !== undefined && names.kinds[cause.frame] === whose && { whose }),
  });
  const innermost = (cause: Cause): Cause =>
    cause.mostly !== null && shares[cause.frame]! >= nearlyAll
      ? { frame: cause.mostly, mostly: null, calledBy: null }
      : cause;
  const isFelt = (spot: HotSpot): boolean => spot.frame !== compilerFrame || spot.rate >= feltCompilation;
  const causes = findCauses(weights, candidates, ownClass).map(innermost);
  return causes.map(toSpot).sort((a, b) => Number(isFelt(b)) - Number(isFelt(a)) || b.share - a.share);
}

/** Whose code to name where no frame of the application is wide enough; undefined where one is, or nobody's is. */
function whoseInstead(names: FrameNames, isWide: (frame: number) => boolean): HotSpot['whose'] {
  const wide = names.names.map((_, frame) => frame).filter(isWide);
  if (wide.some((frame) => isNameable(names, frame))) return undefined;
  return (['framework', 'jdk', 'native'] as const).find((kind) =>
    wide.some((frame) => names.kinds[frame] === kind),
  );
}

/** The widest application frames, callees included, without those that one callee carries almost alone. */
export function widestFrames(
  samples: EventSamples,
  names: FrameNames,
  limit: number,
): { name: string; share: number }[] {
  const weight = pathWeights(samples);
  const shares = new Map<number, number>();
  const callees = new Map<number, Map<number, number>>();
  samples.paths.forEach((path, index) => {
    const heavy = weight[index] ?? 0;
    const own = path.filter((frame) => isNameable(names, frame));
    own.forEach((frame, depth) => {
      shares.set(frame, (shares.get(frame) ?? 0) + heavy);
      const callee = own[depth + 1];
      if (callee === undefined) return;
      const under = callees.get(frame) ?? new Map<number, number>();
      callees.set(frame, under.set(callee, (under.get(callee) ?? 0) + heavy));
    });
  });
  const onlyPasses = (frame: number, share: number): boolean =>
    Math.max(0, ...(callees.get(frame)?.values() ?? [])) >= 0.95 * share;
  return [...shares]
    .filter(([frame, share]) => share > 0 && !onlyPasses(frame, share))
    .sort((a, b) => b[1] - a[1])
    .slice(0, limit)
    .map(([frame, share]) => ({ name: displayName(names, frame), share: Math.min(1, share) }));
}

/** What at least three quarters of a frame's samples do. */
export function mainActivity(samples: EventSamples, frame: number): Activity | null {
  const holds = samples.paths.map((path) => path.includes(frame));
  const sums = new Map<Activity, number>();
  let total = 0;
  samples.path.forEach((path, row) => {
    if (!holds[path]) return;
    const activity = samples.pathActivity[path] ?? 'running';
    const count = samples.count[row] ?? 0;
    sums.set(activity, (sums.get(activity) ?? 0) + count);
    total += count;
  });
  for (const [activity, count] of sums) if (count >= 0.75 * total) return activity;
  return null;
}

function pathWeights(samples: EventSamples): number[] {
  const weight = samples.paths.map(() => 0);
  const whole = samples.total > 0 ? samples.total : samples.samples;
  const column = samples.total > 0 ? samples.value : samples.count;
  samples.path.forEach((path, row) => {
    weight[path] = (weight[path] ?? 0) + (column[row] ?? 0) / Math.max(whole, Number.MIN_VALUE);
  });
  return weight;
}
