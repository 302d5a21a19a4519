import type { ChangedFrame, Comparison } from './comparison.ts';
import { compilerFrame } from './event-samples.ts';
import { shortDisplayName } from './changed-row.ts';
import { percent, points, rates } from './quantities.ts';
import type { Activity } from './wait-kind.ts';

/** What a thread does in a frame, as it stands before `in`; for cpu, alloc and lock nothing is needed. */
const doing: Record<Activity, string> = {
  running: 'running',
  lock: 'blocked on a lock',
  sleep: 'sleeping',
  'socket-read': 'waiting for an answer',
  'socket-write': 'sending',
  file: 'in file I/O',
  parked: 'waiting',
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

/**
 * The sentence of a comparison: the leading change, else that nothing changed and what could have been seen.
 * @param activityOf what a frame's wall samples mostly do; null when mixed.
 */
export function comparisonHeadline(
  comparison: Omit<Comparison, 'headline'>,
  activityOf: (frame: string) => Activity | null,
): string {
  const { event, baseLabel, changed } = comparison;
  const row = leadingChange(changed);
  if (row === null) return nothingChanged(comparison);
  const change = points(row.deltaShare, row.deltaShareLow, row.deltaShareHigh);
  const sentence =
    `${event}: ${percent(row.currentShare)} ${place(event, row.frame, activityOf(row.frame))} ` +
    `(${change} vs ${baseLabel}; ${rates(row.baseCores, row.currentCores, event)})`;
  if (row.mostly !== null) return `${sentence}, mostly ${shortDisplayName(row.mostly)}`;
  if (row.calledBy !== null) return `${sentence}, called by ${shortDisplayName(row.calledBy)}`;
  return sentence;
}

function nothingChanged(comparison: Omit<Comparison, 'headline'>): string {
  const { event, baseLabel, changed, currentSamples, baseSamples, baseTotal, currentTotal, totalChanged } =
    comparison;
  const figures = `n=${baseSamples} and ${currentSamples}, would see ≥ ${percent(comparison.detectableShare)} of ${event}`;
  if (currentSamples === 0 || baseSamples === 0) {
    return currentSamples === baseSamples
      ? `${event}: no samples in either profile`
      : `${event}: cannot be compared, ${baseSamples} samples in ${baseLabel} and ${currentSamples} now`;
  }
  return totalChanged
    ? `${event}: ${currentTotal > baseTotal ? 'more' : 'less'} of the same work, ${rates(baseTotal, currentTotal, event)} in total vs ${baseLabel}; ` +
        `no frame's share changed beyond noise (${figures})`
    : `${event}: nothing ${changed.some((row) => row.significant) ? 'in the application ' : ''}changed beyond noise vs ${baseLabel} (${figures})`;
}
