import { findCauses, type Cause, type Weights } from './cause.ts';
import { changedRow, classOf, displayName } from './changed-row.ts';
import type { ChangedFrame, Comparison } from './comparison.ts';
import { comparisonHeadline } from './comparison-headline.ts';
import {
  collectorFrame,
  compilerFrame,
  eventSamples,
  FrameNames,
  type EventSamples,
} from './event-samples.ts';
import { applicationPackages, type ApplicationCode } from './frame-kind.ts';
import { framePattern } from './frame-pattern.ts';
import { frameCounts, frameEstimates, type FrameEstimates } from './frame-tally.ts';
import { knownWaits } from './known-waits.ts';
import type { Profile, ProfileEvent } from './profile.ts';
import { criticalT, difference, discoveries, welchFreedom, type Difference } from './statistics.ts';

/** Smallest change that is worth a line: two percentage points. */
export const smallestChange = 0.02;
/** Share of false ones accepted among the frames that are called changed. */
const falseDiscoveryRate = 0.05;
/**
 * Frames are tested when the mean of both shares is at least this: every change of two points has it, and the rest
 * would only make the correction for many tests stricter.
 */
const testedShare = smallestChange / 2;
/** With fewer samples on one side its shares mean nothing; then the rate alone decides. */
const fewSamples = 20;
/** Rows within noise that are listed after those that changed. */
const unchangedRows = 10;

export interface CompareOptions {
  event: ProfileEvent;
  /** How the base is called in sentences, for example `baseline Tue 14:00`. */
  baseLabel: string;
  /** Configured packages of application code; found in the profiles when there are none. */
  applicationPackages?: readonly string[];
  /** More profiles of good health: what lies within their spread is not called changed. */
  otherBaselines?: readonly Profile[];
}

interface Tested {
  frame: number;
  base: FrameEstimates;
  current: FrameEstimates;
  share: Difference;
  rate: Difference;
}

/**
 * What changed from `base` to `current` in one event, with its uncertainty: share and rate must both change, seen
 * over blocks of one second (statistics.ts), with Benjamini and Hochberg's correction over all tested frames; then
 * merged along the stack so that one cause is one line. Pure; linear in rows times depth.
 */
export function compareProfiles(base: Profile, current: Profile, options: CompareOptions): Comparison {
  const { event, baseLabel } = options;
  const code = sharedCode(base, current, options.applicationPackages ?? []);
  const names = new FrameNames();
  const before = eventSamples(base, event, code, names);
  const after = eventSamples(current, event, code, names);
  const others = (options.otherBaselines ?? []).map((other) => eventSamples(other, event, code, names));

  const tested = testFrames(before, after, names.names.length);
  const changed = significantFrames(tested.rows, before.samples < fewSamples || after.samples < fewSamples);
  const spreads = spreadOf(others, before, names.names.length);
  for (const [frame, row] of changed) {
    const spread = spreads(frame);
    if (spread && row.current.share.value >= spread.low && row.current.share.value <= spread.high) {
      changed.delete(frame);
    }
  }

  const rows: ChangedFrame[] = [];
  const listed = new Set<number>();
  const list = (cause: Cause, row: Tested, significant: boolean): void => {
    listed.add(cause.frame);
    rows.push(changedRow(event, names, cause, row, significant, spreads(cause.frame)));
  };
  for (const direction of [1, -1]) {
    for (const cause of causesOf(before, after, changed, names, event, direction)) {
      const row = changed.get(cause.frame);
      if (row) list(cause, row, true);
    }
  }
  rows.sort((a, b) => Math.abs(b.deltaShare) - Math.abs(a.deltaShare));
  tested.rows
    .filter(
      (row) => names.kinds[row.frame] === 'application' && !listed.has(row.frame) && !changed.has(row.frame),
    )
    .sort((a, b) => b.current.share.value - a.current.share.value)
    .slice(0, unchangedRows)
    .forEach((row) => {
      list({ frame: row.frame, mostly: null, calledBy: null }, row, false);
    });

  const total = difference(tested.totalBefore, tested.totalAfter);
  const result = {
    event,
    baseLabel,
    changed: rows,
    baseSamples: before.samples,
    currentSamples: after.samples,
    baseTotal: tested.totalBefore.value,
    currentTotal: tested.totalAfter.value,
    totalChanged: total.probability < 0.01 && Math.abs(total.value) > 0.1 * tested.totalBefore.value,
    detectableShare: detectableShare(tested.rows, before.samples, after.samples),
  };
  const activityOf = (frame: string): ReturnType<typeof mainActivity> =>
    mainActivity(after, (number) => displayName(names, number) === frame);
  return { headline: comparisonHeadline(result, activityOf), ...result };
}

function sharedCode(base: Profile, current: Profile, configured: readonly string[]): ApplicationCode {
  const found = [...applicationPackages(base, configured), ...applicationPackages(current, configured)];
  return { mainClass: current.mainClass, applicationPackages: [...new Set(found)] };
}

function testFrames(
  before: EventSamples,
  after: EventSamples,
  frames: number,
): {
  rows: Tested[];
  totalBefore: FrameEstimates['rate'];
  totalAfter: FrameEstimates['rate'];
} {
  const countsBefore = frameCounts(before, frames);
  const countsAfter = frameCounts(after, frames);
  const wanted: number[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const shares =
      (countsBefore[frame] ?? 0) / Math.max(1, before.samples) +
      (countsAfter[frame] ?? 0) / Math.max(1, after.samples);
    if (shares / 2 >= testedShare) wanted.push(frame);
  }
  const estimatesBefore = frameEstimates(before, wanted);
  const estimatesAfter = frameEstimates(after, wanted);
  const rows = wanted.flatMap((frame): Tested[] => {
    const base = estimatesBefore.ofFrame.get(frame);
    const current = estimatesAfter.ofFrame.get(frame);
    if (!base || !current) return [];
    const share = difference(base.share, current.share);
    return [{ frame, base, current, share, rate: difference(base.rate, current.rate) }];
  });
  return { rows, totalBefore: estimatesBefore.total, totalAfter: estimatesAfter.total };
}

function significantFrames(rows: readonly Tested[], rateAlone: boolean): Map<number, Tested> {
  const found = discoveries(
    rows.map((row) => Math.max(rateAlone ? 0 : row.share.probability, row.rate.probability)),
    falseDiscoveryRate,
  );
  const sameWay = (row: Tested): boolean => row.share.value > 0 === row.rate.value > 0;
  const kept = rows.filter(
    (row, index) => found[index] && Math.abs(row.share.value) >= smallestChange && sameWay(row),
  );
  return new Map(kept.map((row) => [row.frame, row]));
}

const isKnownWait = framePattern(knownWaits);

/**
 * Causes in the application first; then what changed outside of their stacks: collectors and compilers, frameworks,
 * at last everything else.
 */
function causesOf(
  before: EventSamples,
  after: EventSamples,
  changed: ReadonlyMap<number, Tested>,
  names: FrameNames,
  event: ProfileEvent,
  direction: number,
): Cause[] {
  const waits = event === 'wall' || event === 'lock';
  const weights = weighDifference(before, after, direction);
  const machinery = new Set([collectorFrame, compilerFrame]);
  const tiers: ((frame: number) => boolean)[] = [
    (frame) => names.kinds[frame] === 'application' || (waits && isKnownWait(names.names[frame] ?? '')),
    (frame) => machinery.has(names.names[frame] ?? ''),
    (frame) => names.kinds[frame] === 'framework',
    () => true,
  ];
  const causes: Cause[] = [];
  const named = new Set<number>();
  for (const belongs of tiers) {
    const rest = outsideOf(weights, named);
    const residual = weightOfFrames(rest, names.names.length);
    const candidates = new Set<number>();
    for (const [frame, row] of changed) {
      const whole = row.share.value * direction;
      const left = residual[frame] ?? 0;
      if (whole > 0 && belongs(frame) && left >= smallestChange && left >= whole / 2) candidates.add(frame);
    }
    for (const cause of findCauses(rest, candidates, (frame) => classOf(names, frame), waits)) {
      causes.push(cause);
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

function spreadOf(
  others: readonly EventSamples[],
  before: EventSamples,
  frames: number,
): (frame: number) => { low: number; high: number } | undefined {
  if (others.length === 0) return () => undefined;
  const all = [before, ...others].map((samples) => ({ samples, counts: frameCounts(samples, frames) }));
  return (frame) => {
    const shares = all.map(({ samples, counts }) => (counts[frame] ?? 0) / Math.max(1, samples.samples));
    return { low: Math.min(...shares), high: Math.max(...shares) };
  };
}

/** What most of a frame's samples do, or null when they are mixed. */
function mainActivity(
  samples: EventSamples,
  isFrame: (frame: number) => boolean,
): EventSamples['pathActivity'][number] | null {
  const sums = new Map<EventSamples['pathActivity'][number], number>();
  const holds = samples.paths.map((path) => path.some(isFrame));
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

/**
 * The change that a frame of 30 % would have needed, from the binomial error widened by how much more the real
 * frames vary between seconds than independent samples would (their median, at least 1).
 */
function detectableShare(rows: readonly Tested[], samplesBefore: number, samplesAfter: number): number {
  if (samplesBefore === 0 || samplesAfter === 0) return 1;
  const share = 0.3;
  const widening = (side: 'base' | 'current', samples: number): number => {
    const ratios = rows
      .map((row) => row[side].share)
      .filter((estimate) => estimate.value >= 0.05 && estimate.value <= 0.95)
      .map((estimate) => (estimate.variance * samples) / (estimate.value * (1 - estimate.value)))
      .sort((a, b) => a - b);
    return Math.max(1, ratios[Math.floor(ratios.length / 2)] ?? 1);
  };
  const estimate = (
    side: 'base' | 'current',
    samples: number,
  ): { value: number; variance: number; freedom: number } => ({
    value: share,
    variance: (widening(side, samples) * share * (1 - share)) / samples,
    freedom: Math.max(1, rows[0]?.[side].share.freedom ?? 1),
  });
  const base = estimate('base', samplesBefore);
  const current = estimate('current', samplesAfter);
  const reach = criticalT(welchFreedom(base, current)) * Math.sqrt(base.variance + current.variance);
  return Math.min(1, Math.max(smallestChange, reach));
}
