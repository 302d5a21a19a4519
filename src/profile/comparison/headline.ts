import type { ChangedFrame, Comparison } from './comparison.ts';
import { smallestChange } from './changed-causes.ts';
import { compilerFrame } from '../event-samples.ts';
import { shortDisplayName } from './changed-row.ts';
import { percent, points, rates, rowUnit } from '../quantities.ts';
import type { Activity } from '../wait-kind.ts';

/** What a thread does in a frame, as it stands before `in`; for cpu, alloc and lock nothing is needed. */
const doing: Record<Activity, string> = {
  running: 'running',
  lock: 'blocked on a lock',
  sleep: 'sleeping',
  'socket-read': 'waiting for an answer',
  'socket-write': 'sending',
  file: 'in file I/O',
  parked: 'waiting',
  waiting: 'waiting',
};

/** `waiting in HikariPool.getConnection`; only wall samples say what a thread does. */
export function place(event: Comparison['event'], frame: string, activity: Activity | null): string {
  const name = shortDisplayName(frame);
  return event === 'wall' && activity !== null ? `${doing[activity]} in ${name}` : `in ${name}`;
}

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
    row.deltaShare >= (row.frame === compilerFrame ? compilerChange : foreignChange);
  const moved = (row: ChangedFrame): number => Math.abs(row.currentCores - row.baseCores);
  const risen = grown.find(isOwn) ?? grown.find(isLarge) ?? null;
  const fallen = significant.find((row) => row.deltaShare < 0 && isOwn(row)) ?? null;
  if (risen === null || fallen === null) return risen ?? fallen;
  return moved(fallen) > outweighs * Math.max(...grown.map(moved)) ? fallen : risen;
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
 * @param activityOf what a frame's wall samples mostly do, or did where it shrank; null when mixed.
 */
export function comparisonHeadline(
  comparison: Omit<Comparison, 'headline'>,
  activityOf: (frame: string) => Activity | null,
): string {
  const row = leadingChange(comparison.changed);
  if (row === null) return nothingChanged(comparison);
  return changeSentence(row, comparison.baseLabel, activityOf(row.frame));
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

/** One change as the sentence: how large the frame is now, or how far it fell, with what the interval allows. */
export function changeSentence(row: ChangedFrame, baseLabel: string, activity: Activity | null): string {
  const { event } = row;
  const change = points(row.deltaShare, row.deltaShareLow, row.deltaShareHigh);
  const size =
    row.deltaShare > 0
      ? percent(row.currentShare)
      : `down from ${percent(row.baseShare)} to ${percent(row.currentShare)}`;
  const sentence =
    `${event}: ${size} ${place(event, row.frame, activity)} ` +
    `(${change} vs ${baseLabel}; ${rates(row.baseCores, row.currentCores, rowUnit(row))})`;
  if (row.mostly !== null) return `${sentence}, mostly ${shortDisplayName(row.mostly)}`;
  if (row.calledBy !== null) return `${sentence}, called by ${shortDisplayName(row.calledBy)}`;
  return sentence;
}

/** What a table says of a frame that is not called changed: by its share alone it might be. */
export function unchangedWords(
  row: Pick<ChangedFrame, 'deltaShare' | 'deltaShareLow' | 'deltaShareHigh'>,
): 'share only' | 'within noise' {
  const moved = row.deltaShareLow > 0 || row.deltaShareHigh < 0;
  return moved && Math.abs(row.deltaShare) >= smallestChange ? 'share only' : 'within noise';
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
  const {
    event,
    baseLabel,
    changed,
    currentSamples,
    baseSamples,
    baseTotal,
    currentTotal,
    totalChanged,
    unit,
  } = comparison;
  const figures = `${baseSamples} and ${currentSamples} samples: a change under ${percent(comparison.detectableShare)} of ${event} would not show`;
  const elsewhere = changed.some((row) => row.significant);
  if (!totalChanged)
    return `${event}: nothing ${elsewhere ? 'in the application ' : ''}changed beyond noise vs ${baseLabel} (${figures})`;
  const ofWhat = event === 'lock' || event === 'nativelock' ? ' of the waits' : '';
  const more = currentTotal > baseTotal ? 'more' : 'less';
  const total = `${event}: ${more} ${ofTheSame[event]}, ${rates(baseTotal, currentTotal, unit)} in total vs ${baseLabel}`;
  return `${total}; no ${elsewhere ? 'application ' : ''}frame's share${ofWhat} changed beyond noise (${figures})`;
}
