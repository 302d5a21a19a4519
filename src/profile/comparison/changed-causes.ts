import { findCauses, nearestCaller, type Cause, type Weights } from './cause.ts';
import { classOf, isNameable } from './changed-row.ts';
import { collectorFrame, compilerFrame, type EventSamples, type FrameNames } from '../event-samples.ts';
import { framePattern } from '../frame-pattern.ts';
import { isKnownWait } from '../known-waits.ts';
import type { ProfileEvent } from '../profile.ts';

/** Smallest change that is worth a line: two percentage points. */
export const smallestChange = 0.02;

/** A frame whose share changed beyond noise. */
export interface ChangedShare {
  frame: number;
  /** Difference of shares, positive when it changed in the asked direction. */
  change: number;
}

/**
 * Frames whose change says nothing: async-profiler's signal handlers, which are not part of the program, and the entry
 * points of the JVM's own threads, which all do different things.
 */
export const isUninformative = framePattern([
  '__restore_rt',
  'WallClock::*',
  'Profiler::*',
  'CTimer::*',
  'PerfEvents::*',
  'clone*',
  '__clone*',
  'start_thread',
  'thread_native_entry',
  'Thread::call_run',
  'JavaThread::run',
  'JavaThread::thread_main_inner',
]);

/**
 * Of frames that all changed the same way, the causes: those in the application first; then what changed outside of
 * their stacks: collectors and compilers, frameworks, at last everything else.
 * @param direction 1 for what grew, −1 for what shrank.
 */
export function changedCauses(
  before: EventSamples,
  after: EventSamples,
  changed: readonly ChangedShare[],
  names: FrameNames,
  event: ProfileEvent,
  direction: number,
): Cause[] {
  const waits = event === 'wall' || event === 'lock';
  const weights = weighDifference(before, after, direction);
  const machinery = new Set([collectorFrame, compilerFrame]);
  const leads = leadsToApplication(direction > 0 ? after : before, names);
  const tiers: ((frame: number) => boolean)[] = [
    (frame) => isApplication(frame) || (waits && isKnownWait(names.names[frame] ?? '')),
    (frame) => machinery.has(names.names[frame] ?? ''),
    (frame) => names.kinds[frame] === 'framework' && !leads(frame),
    (frame) => !isUninformative(names.names[frame] ?? '') && !leads(frame),
  ];
  const ownClass = (frame: number): string => classOf(names, frame);
  const isApplication = (frame: number): boolean => isNameable(names, frame);
  const causes: Cause[] = [];
  const named = new Set<number>();
  for (const belongs of tiers) {
    const rest = outsideOf(weights, named);
    const residual = weightOfFrames(rest, names.names.length);
    const candidates = new Set<number>();
    for (const { frame, change } of changed) {
      const left = residual[frame] ?? 0;
      if (change > 0 && belongs(frame) && left >= smallestChange && left >= change / 2) candidates.add(frame);
    }
    for (const cause of findCauses(rest, candidates, ownClass)) {
      const calledBy = cause.calledBy ?? nearestCaller(rest, cause.frame, isApplication, ownClass);
      causes.push({ ...cause, calledBy });
      named.add(cause.frame);
    }
  }
  return causes;
}

/** Every stack of both profiles, weighing its share of the samples, negative for the one that counts less. */
function weighDifference(before: EventSamples, after: EventSamples, direction: number): Weights {
  const sharesOf = (samples: EventSamples, sign: number): number[] => {
    const shares = samples.paths.map(() => 0);
    samples.path.forEach((path, row) => {
      shares[path] = (shares[path] ?? 0) + (sign * (samples.count[row] ?? 0)) / Math.max(1, samples.samples);
    });
    return shares;
  };
  return {
    paths: [...before.paths, ...after.paths],
    weight: [...sharesOf(before, -direction), ...sharesOf(after, direction)],
  };
}

/**
 * Whether at least half of a frame's samples are in application code that it called: a server or the start of a
 * thread, whose share moves with what it runs and is no cause.
 */
function leadsToApplication(samples: EventSamples, names: FrameNames): (frame: number) => boolean {
  const all = new Float64Array(names.names.length);
  const leading = new Float64Array(names.names.length);
  samples.path.forEach((number, row) => {
    const count = samples.count[row] ?? 0;
    const path = samples.paths[number] ?? [];
    const innermost = path.findLastIndex((frame) => names.kinds[frame] === 'application');
    path.forEach((frame, depth) => {
      all[frame] = (all[frame] ?? 0) + count;
      if (depth < innermost) leading[frame] = (leading[frame] ?? 0) + count;
    });
  });
  return (frame) => (leading[frame] ?? 0) * 2 >= (all[frame] ?? 0) && (leading[frame] ?? 0) > 0;
}

function outsideOf({ paths, weight }: Weights, named: ReadonlySet<number>): Weights {
  if (named.size === 0) return { paths, weight };
  return {
    paths,
    weight: weight.map((heavy, index) => (paths[index]?.some((frame) => named.has(frame)) ? 0 : heavy)),
  };
}

function weightOfFrames({ paths, weight }: Weights, frames: number): Float64Array {
  const sums = new Float64Array(frames);
  paths.forEach((path, index) => {
    for (const frame of path) sums[frame] = (sums[frame] ?? 0) + (weight[index] ?? 0);
  });
  return sums;
}
