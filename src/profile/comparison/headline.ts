import type { ChangedFrame, Comparison } from './comparison.ts';
import { smallestChange } from './changed-causes.ts';
import { compilerFrame } from '../event-samples.ts';
import { amountWords, causeWords } from './cause-words.ts';
import { feltCompilation } from './hot-spots.ts';
import { percent, points, rateChange, rates } from '../quantities.ts';
import type { Activity } from '../wait-kind.ts';

/** What is not the application's own leads the sentence from here on; below, it is a line of the table. */
const foreignChange = 0.05;
/** The compilers work in waves of their own: windows of the same load differed by 0.16 of a cpu profile. */
const compilerChange = 0.25;

/** Where something large goes away, all other shares grow: it must have moved this many times as much as they did. */
const outweighs = 2;

/**
 * The change that the sentence is about: what grew, the application first; else what shrank in the application, also
 * where that moved far more of the event than anything that grew (after a mitigation).
 */
export function leadingChange(changed: readonly ChangedFrame[]): ChangedFrame | null {
  const significant = changed.filter((row) => row.significant);
  const grown = significant.filter((row) => row.deltaShare > 0);
  const isOwn = (row: ChangedFrame): boolean => row.kind === 'application';
  const isLarge = (row: ChangedFrame): boolean =>
    row.frame === compilerFrame
      ? row.deltaShare >= compilerChange && row.currentCores >= feltCompilation
      : row.deltaShare >= foreignChange;
  const moved = (row: ChangedFrame): number => Math.abs(row.currentCores - row.baseCores);
  const risen = grown.find(isOwn) ?? grown.find(isLarge) ?? longerWaits(changed);
  const fallen = significant.find((row) => row.deltaShare < 0 && isOwn(row)) ?? null;
  if (risen === null || fallen === null) return risen ?? fallen;
  return moved(fallen) > outweighs * Math.max(...grown.map(moved)) ? fallen : risen;
}

/** Shares of locks count waits: where these became longer, only the rate shows it. */
function longerWaits(changed: readonly ChangedFrame[]): ChangedFrame | null {
  const longer = changed.filter(
    ({ event, change, kind, baseCores, currentCores }) =>
      (event === 'lock' || event === 'nativelock') &&
      change === 'more' &&
      kind === 'application' &&
      currentCores > baseCores,
  );
  return longer.toSorted((a, b) => b.currentCores - a.currentCores)[0] ?? null;
}

/** A comparison that would only have seen more than this says little by finding nothing. */
const wouldHaveSeen = 0.2;

/** Nothing changed in any event, and what people look for would have been seen. */
export function lookAlike(lead: Comparison | null, others: readonly Comparison[]): boolean {
  if ([lead, ...others].some((one) => one?.otherwise !== undefined)) return false;
  if (lead === null || lead.baseSamples === 0 || lead.currentSamples === 0) return false;
  const unchanged = [lead, ...others].every(({ changed }) => leadingChange(changed) === null);
  return unchanged && !lead.totalChanged && lead.detectableShare <= wouldHaveSeen;
}

/**
 * The sentence of a comparison: the leading change, else that nothing changed and what could have been seen.
 * @param subject what its shares are shares of: see `subjectOf`.
 * @param activityOf what a frame's wall samples mostly do, or did where it shrank; null when mixed.
 */
export function comparisonHeadline(
  comparison: Omit<Comparison, 'headline'>,
  subject: string,
  activityOf: (frame: string) => Activity | null,
): string {
  const row = leadingChange(comparison.changed);
  if (row === null) return nothingChanged(comparison);
  return changeSentence(row, comparison, subject, activityOf(row.frame));
}

/**
 * Why two profiles cannot be compared in an event.
 * @param recorded whether each holds it; null where a recording does not say
 */
export function incomparableHeadline(
  { event, baseLabel, baseSamples, currentSamples, otherwise }: Omit<Comparison, 'headline'>,
  recorded: { base: boolean | null; current: boolean | null },
): string {
  if (recorded.base === false && recorded.current === false) return `${event}: recorded in neither profile`;
  if (otherwise !== undefined) return `${event}: cannot be compared, ${otherwise}`;
  if (baseSamples === currentSamples) return `${event}: no samples in either profile`;
  const which = recorded.base === false ? `in ${baseLabel}` : 'this time';
  return recorded.base === false || recorded.current === false
    ? `${event}: cannot be compared, it was not recorded ${which}`
    : `${event}: cannot be compared, ${baseSamples} samples in ${baseLabel} and ${currentSamples} now`;
}

/** What people call the other profile in a sentence: only baselines and siblings are known to be healthy. */
function baseWord(baseLabel: string): string {
  if (/^(?:baseline|sibling)\b/.test(baseLabel)) return 'healthy';
  return baseLabel.endsWith('same window') ? 'there' : 'before';
}

/**
 * One change as the sentence: how large the frame is now and was before; what the intervals allow is a line of its own
 * (`changeFigures`).
 */
export function changeSentence(
  row: ChangedFrame,
  totals: Pick<Comparison, 'baseLabel' | 'baseTotal' | 'currentTotal'>,
  subject: string,
  activity: Activity | null,
): string {
  const { event } = row;
  const isLock = event === 'lock' || event === 'nativelock';
  // Shares of locks count waits; what people mean is the time.
  const part = (cores: number, total: number, share: number): number =>
    isLock && total > 0 ? Math.min(1, cores / total) : share;
  const now = part(row.currentCores, totals.currentTotal, row.currentShare);
  const before = part(row.baseCores, totals.baseTotal, row.baseShare);
  const words = causeWords({ ...row, activity, share: now, rate: row.currentCores }, subject);
  if (row.change === 'less') return `${words}, down from ${percent(before)}`;
  const amount = isLock ? `: ${amountWords({ event, rate: row.currentCores })}` : '';
  return `${words}${amount}; ${baseWord(totals.baseLabel)}: ${percent(before)}`;
}

/** `+58 ±4 pp vs baseline Tue 14:00; 0.30 → 9.10 threads (+8.20 to +9.40)`. */
export function changeFigures(row: ChangedFrame, baseLabel: string): string {
  return `${points(row.deltaShare, row.deltaShareLow, row.deltaShareHigh)} vs ${baseLabel}; ${rateChange(row)}`;
}

/** What there is more of, where the total changed and its parts did not. Shares of locks count waits, however long. */
const ofTheSame: Record<Comparison['event'], string> = {
  cpu: 'of the same work',
  wall: 'of the same work',
  alloc: 'of the same work',
  live: 'of the same work',
  nativemem: 'of the same work',
  lock: 'waiting for locks',
  nativelock: 'waiting for locks',
};

function nothingChanged(comparison: Omit<Comparison, 'headline'>): string {
  const { event, baseLabel, changed, baseTotal, currentTotal, totalChanged, unit } = comparison;
  const figures = figuresOf(comparison);
  const elsewhere = changed.some((row) => row.significant);
  if (!totalChanged) {
    const own = changed.filter((row) => row.kind === 'application');
    // A frame that moved is in the table: then not everything is unchanged.
    if (own.some((row) => !row.significant && row.change !== 'same'))
      return `${event}: no change stands out vs ${baseLabel} (${figures})`;
    return `${event}: nothing ${elsewhere ? 'in the application ' : ''}changed beyond noise vs ${baseLabel} (${figures})`;
  }
  const ofWhat = isSameMix(changed) ? ` ${ofTheSame[event]}` : '';
  const total = `${currentTotal > baseTotal ? 'more' : 'less'}${ofWhat}, ${rates(baseTotal, currentTotal, unit)} in total`;
  return `${event}: ${total} vs ${baseLabel}; no ${elsewhere ? 'application ' : ''}frame stands out (${figures})`;
}

/** No application frame's share moved by more than noise or next to nothing. */
function isSameMix(changed: readonly ChangedFrame[]): boolean {
  return changed
    .filter(({ kind }) => kind === 'application')
    .every(
      ({ deltaShare, deltaShareLow, deltaShareHigh }) =>
        Math.abs(deltaShare) < smallestChange || (deltaShareLow <= 0 && deltaShareHigh >= 0),
    );
}

/** How many samples there are, and what they could have shown. */
function figuresOf({
  event,
  baseSamples,
  currentSamples,
  detectableShare,
}: Omit<Comparison, 'headline'>): string {
  const samples = `${baseSamples} and ${currentSamples} samples`;
  const share = percent(detectableShare);
  return detectableShare > wouldHaveSeen
    ? `too few samples, ${baseSamples} and ${currentSamples}: only changes above ${share} would show`
    : `${samples}: a change under ${share} of ${event} would not show`;
}
