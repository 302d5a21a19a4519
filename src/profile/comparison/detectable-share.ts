import { smallestChange } from './changed-causes.ts';
import type { EventSamples } from '../event-samples.ts';
import type { FrameEstimates } from './frame-tally.ts';
import { criticalT, welchFreedom, type Estimate } from './statistics.ts';

/** Share of the hypothetical frame. */
const share = 0.3;
/**
 * Standard errors beyond the edge of the 95 % interval. A change as large as that edge is found every other time at
 * best; one this much larger nine times in ten (the 0.9 of the normal distribution).
 */
const power = 1.28;
/** Frames outside this range say little about how one of 30 % varies. */
const comparable = { from: 0.05, to: 0.95 };

interface Compared {
  base: FrameEstimates;
  current: FrameEstimates;
}

/**
 * The growth that a frame of 30 % of the event would have needed to be called changed nine times in ten. Share and
 * rate must both show it; each varies between seconds as much more than independent samples would as the frames of
 * these profiles do (their median).
 */
export function detectableShare(
  rows: readonly Compared[],
  before: EventSamples,
  after: EventSamples,
): number {
  if (before.samples === 0 || after.samples === 0) return 1;
  const inShare = reach(
    typicalShare(
      rows.map(({ base }) => base),
      before,
    ),
    typicalShare(
      rows.map(({ current }) => current),
      after,
    ),
  );
  const total = after.total / after.seconds;
  const rate = share * total;
  const inRoots = reach(
    typicalRate(
      rows.map(({ base }) => base),
      before,
    ),
    typicalRate(
      rows.map(({ current }) => current),
      after,
    ),
  );
  const grown = (Math.sqrt(rate) + inRoots) ** 2 - rate;
  const inRate = total + grown === 0 ? 1 : (rate + grown) / (total + grown) - share;
  return Math.min(1, Math.max(smallestChange, inShare, inRate));
}

function typicalShare(frames: readonly FrameEstimates[], { samples }: EventSamples): Estimate {
  const independent = (of: number): number => (of * (1 - of)) / samples;
  const alike = frames.map((frame) => frame.share).filter(({ value }) => isComparable(value));
  const widening = median(alike.map(({ value, variance }) => variance / independent(value)));
  return {
    value: share,
    variance: widening * independent(share),
    freedom: frames[0]?.share.freedom ?? 1,
  };
}

/** On the scale of `rootedRate`. */
function typicalRate(frames: readonly FrameEstimates[], { perSample, blocks }: EventSamples): Estimate {
  const independent = perSample / 4 / blocks;
  const alike = frames.filter((frame) => isComparable(frame.share.value));
  const widening = median(alike.map(({ rooted }) => rooted.variance / independent));
  return { value: 0, variance: widening * independent, freedom: frames[0]?.rooted.freedom ?? 1 };
}

function isComparable(value: number): boolean {
  return value >= comparable.from && value <= comparable.to;
}

/** At least 1: nothing varies less than independent samples. */
function median(ratios: readonly number[]): number {
  const sorted = ratios.toSorted((a, b) => a - b);
  return Math.max(1, sorted[Math.floor(sorted.length / 2)] ?? 1);
}

function reach(base: Estimate, current: Estimate): number {
  const errors = criticalT(welchFreedom(base, current)) + power;
  return errors * Math.sqrt(base.variance + current.variance);
}
