/** What happened to a frame, decided by tests of its share and of its rate; each frame is exactly one. */
export const rowChanges = ['more', 'less', 'same', 'grew-with-load', 'pushed-aside'] as const;
export type RowChange = (typeof rowChanges)[number];

/** A rate moves by this part of what it was before it is called more or less. */
const leastGrowth = 0.1;
/** A rate is called unchanged only where a test of it alone shows no change at this level. */
const levelProbability = 0.05;

/**
 * What grew by more than this many times the growth of the whole did not only grow with the load, though its share
 * may show no change: of locks it counts waits, however long, and small shares are uncertain.
 */
const withinLoad = 2;

/** A difference, and the chance of one as large without any change. */
interface Test {
  value: number;
  probability: number;
}

/** The tests of one frame. */
export interface RowTests {
  /** Share and rate both changed, the same way, and among all frames tested together: more or less beyond doubt. */
  significant: boolean;
  share: Test;
  /** On the scale of `rootedRate`. */
  rate: Test;
  /** Of the rate: now over before; Infinity where there was none. */
  growth: number;
  /** Each test alone, corrected for the number of frames; false where the change is too small to matter. */
  shareChanged: boolean;
  rateChanged: boolean;
}

/**
 * @param totalGrowth of the event as a whole, now over before; null where it did not grow beyond noise: only with it
 *   can a frame have grown with the load.
 */
export function rowChange(tests: RowTests, totalGrowth: number | null): RowChange {
  const { significant, share, rate, growth, shareChanged, rateChanged } = tests;
  if (significant) return share.value > 0 ? 'more' : 'less';
  if (rateChanged && rate.value < 0) return 'less';
  const withLoad = totalGrowth !== null && !shareChanged && growth <= withinLoad * totalGrowth;
  if (rateChanged) return withLoad ? 'grew-with-load' : 'more';
  const isLevel = rate.probability >= levelProbability;
  return shareChanged && share.value < 0 && isLevel ? 'pushed-aside' : 'same';
}

/** Whether a rate moved far enough to be called more or less. */
export function movedEnough(baseRate: number, currentRate: number, leastRate: number): boolean {
  const moved = Math.abs(currentRate - baseRate);
  return moved >= leastRate && moved >= leastGrowth * baseRate;
}

/** As tables write them. */
export const changeWords: Readonly<Record<RowChange, string>> = {
  more: 'more',
  less: 'less',
  same: 'same',
  'grew-with-load': 'grew with the load',
  'pushed-aside': 'pushed aside',
};

/** What was tested, for those whose word does not say it. */
const tested: Readonly<Partial<Record<RowChange, string>>> = {
  more: 'more: its rate rose.',
  less: 'less: its rate fell.',
  same: 'same: its rate shows no change beyond noise.',
  'grew-with-load': 'grew with the load: its rate rose, its share shows no change.',
  'pushed-aside': 'pushed aside: others grew, so its share fell; its rate shows no change.',
};

/** A sentence for each word that a table uses. */
export function testedWords(used: readonly RowChange[]): string[] {
  return rowChanges.filter((change) => used.includes(change)).flatMap((change) => tested[change] ?? []);
}
