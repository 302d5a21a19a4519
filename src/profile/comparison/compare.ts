import type { Cause } from './cause.ts';
import { changedCauses, isUninformative, smallestChange } from './changed-causes.ts';
import { changedRow, displayName, isNameable } from './changed-row.ts';
import type { ChangedFrame, ChangedNames, Comparison } from './comparison.ts';
import { subjectOf } from './cause-words.ts';
import { comparisonHeadline, incomparableHeadline } from './headline.ts';
import { detectableShare } from './detectable-share.ts';
import { eventSamples, FrameNames, type EventSamples } from '../event-samples.ts';
import { applicationPackages, type ApplicationCode } from '../frame-kind.ts';
import { frameCounts, frameEstimates, type FrameEstimates, type Rate } from './frame-tally.ts';
import { mainActivity } from './hot-spots.ts';
import { meanLoad } from '../machine-load.ts';
import type { Profile, ProfileEvent } from '../profile.ts';
import { wasRecorded } from '../recorded.ts';
import { recordedOtherwise } from './recorded-alike.ts';
import { movedEnough, rowChange, type RowChange } from './row-change.ts';
import { difference, discoveries, type Difference, type Estimate } from './statistics.ts';
import type { Activity } from '../wait-kind.ts';

/** Accepted share of false positives among the frames reported as changed. */
const falseDiscoveryRate = 0.05;
/**
 * Frames are tested when the mean of both shares is at least this: every change of two points has it, and the rest
 * would only make the correction for many tests stricter.
 */
const testedShare = smallestChange / 2;
/**
 * A smaller change is imperceptible, however certain: 10 ms of lock waits per second over all threads. In the other
 * events a single sample is already perceptible.
 */
export const minRate: Partial<Record<ProfileEvent, number>> = { lock: 0.01, nativelock: 0.01 };
/** Rows within noise that are listed after those that changed. */
const unchangedRows = 10;

export interface CompareOptions {
  event: ProfileEvent;
  /** What sentences call the base, for example `baseline Tue 14:00`. */
  baseLabel: string;
  /** Configured packages of application code; found in the profiles when there are none. */
  applicationPackages?: readonly string[];
  /** More healthy profiles: what lies within their spread is not reported as changed. */
  otherBaselines?: readonly Profile[];
}

interface Tested {
  frame: number;
  base: FrameEstimates;
  current: FrameEstimates;
  share: Difference;
  /** On the scale of `rootedRate`. */
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
  const least = minRate[event] ?? 0;
  const recorded = { base: wasRecorded(base, event), current: wasRecorded(current, event) };
  const otherwise = recordedOtherwise(base, current, event, baseLabel);
  const comparable = otherwise === null && areComparable(before, after, event, recorded);
  const { unit } = after.samples > 0 ? after : before;
  const changed = comparable ? significantFrames(tested.rows, least) : new Map<number, Tested>();
  const spreads = spreadOf(others, before, names.names.length);
  for (const row of changed.values()) if (isUsual(row, spreads)) changed.delete(row.frame);

  const total = difference(tested.totalBefore.rooted, tested.totalAfter.rooted);
  const moved = tested.totalAfter.rate - tested.totalBefore.rate;
  const totalChanged =
    otherwise === null &&
    total.probability < 0.01 &&
    Math.abs(moved) > Math.max(0.1 * tested.totalBefore.rate, least);
  const growthOfAll = totalChanged && moved > 0 ? growth(tested.totalBefore, tested.totalAfter) : null;
  const changes = rowChanges(tested.rows, changed, spreads, least, growthOfAll);
  /** Of frames that are no cause, those that moved by themselves come first. */
  const rankOf = ({ frame }: Tested): number => {
    const change = changes.get(frame);
    return change === 'more' || change === 'less' ? 1 : 0;
  };

  const rows: ChangedFrame[] = [];
  const listed = new Set<number>();
  const list = (cause: Cause, row: Tested): void => {
    listed.add(cause.frame);
    const judged = {
      ...row,
      change: changes.get(cause.frame) ?? 'same',
      significant: changed.has(cause.frame),
    };
    rows.push(changedRow(event, unit, names, cause, judged, spreads(cause.frame)));
  };
  for (const direction of [1, -1]) {
    const grown = [...changed].map(([frame, row]) => ({
      frame,
      change: row.share.value * direction,
    }));
    for (const cause of changedCauses(before, after, grown, names, event, direction)) {
      const row = changed.get(cause.frame);
      if (row) list(cause, row);
    }
  }
  rows.sort((a, b) => Math.abs(b.deltaShare) - Math.abs(a.deltaShare));
  (comparable ? tested.rows : [])
    .filter((row) => isNameable(names, row.frame) && !listed.has(row.frame) && !changed.has(row.frame))
    .sort((a, b) => rankOf(b) - rankOf(a) || b.current.share.value - a.current.share.value)
    .slice(0, unchangedRows)
    .forEach((row) => {
      list({ frame: row.frame, mostly: null, calledBy: null }, row);
    });

  const result = {
    event,
    baseLabel,
    changed: rows,
    changedFrames: namesByDirection(changed, names),
    baseSamples: before.samples,
    currentSamples: after.samples,
    baseTotal: tested.totalBefore.rate,
    currentTotal: tested.totalAfter.rate,
    unit,
    ...(otherwise !== null && { otherwise }),
    totalChanged,
    baseMachine: meanLoad(base.cpuLoad, (load) => load.machine),
    detectableShare: detectableShare(tested.rows, before, after),
  };
  const numbers = new Map([...listed].map((frame) => [displayName(names, frame), frame]));
  const fallen = new Set(rows.filter((row) => row.deltaShare < 0).map((row) => row.frame));
  const activityOf = (name: string): Activity | null =>
    mainActivity(fallen.has(name) ? before : after, numbers.get(name) ?? -1);
  const headline = comparable
    ? comparisonHeadline(result, subjectOf(event, after.samples > 0 ? after : before, names, ''), activityOf)
    : incomparableHeadline(result, recorded);
  return { headline, ...result };
}

/**
 * Locks and allocations may lack samples because there were none, and then all there is on the other side is new, or
 * gone; without any of cpu or wall nothing ran, and whatever runs afterwards is no change in the code. That there is
 * none in a recording that does not say what it was made with is taken for true of the base alone.
 */
function areComparable(
  before: EventSamples,
  after: EventSamples,
  event: ProfileEvent,
  recorded: { base: boolean | null; current: boolean | null },
): boolean {
  if (before.samples > 0 && after.samples > 0) return true;
  if (event === 'cpu' || event === 'wall') return false;
  return after.samples > 0 ? recorded.base !== false : before.samples > 0 && recorded.current === true;
}

/** The share of any frame where there are no samples. */
const noShare: Estimate = { value: 0, variance: 0, freedom: 1 };

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
  totalBefore: Rate;
  totalAfter: Rate;
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
    const share = difference(
      before.samples === 0 ? noShare : base.share,
      after.samples === 0 ? noShare : current.share,
    );
    return [{ frame, base, current, share, rate: difference(base.rooted, current.rooted) }];
  });
  return { rows, totalBefore: estimatesBefore.total, totalAfter: estimatesAfter.total };
}

function significantFrames(rows: readonly Tested[], least: number): Map<number, Tested> {
  const found = discoveries(
    rows.map((row) => Math.max(row.share.probability, row.rate.probability)),
    falseDiscoveryRate,
  );
  const isLarge = ({ share, base, current }: Tested): boolean =>
    Math.abs(share.value) >= smallestChange && Math.abs(current.rate - base.rate) >= least;
  const sameWay = ({ share, base, current }: Tested): boolean =>
    share.value > 0 === current.rate - base.rate > 0;
  const kept = rows.filter((row, index) => found[index] && isLarge(row) && sameWay(row));
  return new Map(kept.map((row) => [row.frame, row]));
}

/** What happened to each tested frame. */
function rowChanges(
  rows: readonly Tested[],
  significant: ReadonlyMap<number, Tested>,
  spreads: Spreads,
  leastRate: number,
  totalGrowth: number | null,
): Map<number, RowChange> {
  const shares = discoveries(
    rows.map((row) => row.share.probability),
    falseDiscoveryRate,
  );
  const rates = discoveries(
    rows.map((row) => row.rate.probability),
    falseDiscoveryRate,
  );
  return new Map(
    rows.map((row, index) => {
      const { frame, share, rate, base, current } = row;
      const sameWay = current.rate - base.rate > 0 === rate.value > 0;
      const usual = isUsual(row, spreads);
      const tests = {
        significant: significant.has(frame),
        share,
        rate,
        growth: growth(base, current),
        shareChanged: !usual && shares[index] === true && Math.abs(share.value) >= smallestChange,
        rateChanged: rates[index] === true && sameWay && movedEnough(base.rate, current.rate, leastRate),
      };
      return [frame, usual && totalGrowth === null ? 'same' : rowChange(tests, totalGrowth)];
    }),
  );
}

/** The changed frames of each comparison, by event: what the flame graph of that event highlights. */
export function changedFramesOf(
  comparisons: readonly Comparison[],
): Partial<Record<ProfileEvent, ChangedNames>> {
  return Object.fromEntries(comparisons.map((one) => [one.event, one.changedFrames] as const));
}

function namesByDirection(changed: ReadonlyMap<number, Tested>, names: FrameNames): ChangedNames {
  const named = (direction: number): string[] => {
    const frames = [...changed].filter(
      ([frame, row]) => row.share.value * direction > 0 && !isUninformative(names.names[frame] ?? ''),
    );
    return [...new Set(frames.map(([frame]) => displayName(names, frame)))].sort();
  };
  return { grew: named(1), shrank: named(-1) };
}

/** How many times the rate of before. */
function growth(base: Rate, current: Rate): number {
  if (base.rate === 0) return current.rate === 0 ? 1 : Infinity;
  return current.rate / base.rate;
}

/** Lowest and highest share of a frame among several baselines; undefined where there is one. */
type Spreads = (frame: number) => { low: number; high: number } | undefined;

/** A share that the baselines themselves have. */
function isUsual({ frame, current }: Tested, spreads: Spreads): boolean {
  const spread = spreads(frame);
  return spread !== undefined && current.share.value >= spread.low && current.share.value <= spread.high;
}

function spreadOf(others: readonly EventSamples[], before: EventSamples, frames: number): Spreads {
  if (others.length === 0) return () => undefined;
  const all = [before, ...others].map((samples) => ({ samples, counts: frameCounts(samples, frames) }));
  return (frame) => {
    const shares = all.map(({ samples, counts }) => (counts[frame] ?? 0) / Math.max(1, samples.samples));
    return { low: Math.min(...shares), high: Math.max(...shares) };
  };
}
