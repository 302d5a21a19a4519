import type { Comparison } from './comparison.ts';
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

/**
 * The sentence of a comparison: the largest growth, else the largest decrease, else that nothing changed and what
 * could have been seen.
 * @param activityOf what a frame's wall samples mostly do; null when mixed.
 */
export function comparisonHeadline(
  comparison: Omit<Comparison, 'headline'>,
  activityOf: (frame: string) => Activity | null,
): string {
  const { event, baseLabel, changed } = comparison;
  const significant = changed.filter((row) => row.significant);
  const row = significant.find((one) => one.deltaShare > 0) ?? significant[0];
  if (row === undefined) return nothingChanged(comparison);
  const change = points(row.deltaShare, row.deltaShareLow, row.deltaShareHigh);
  const sentence =
    `${event}: ${percent(row.currentShare)} ${place(event, row.frame, activityOf(row.frame))} ` +
    `(${change} vs ${baseLabel}; ${rates(row.baseCores, row.currentCores, event)})`;
  if (row.mostly !== null) return `${sentence}, mostly ${shortDisplayName(row.mostly)}`;
  if (row.calledBy !== null) return `${sentence}, called by ${shortDisplayName(row.calledBy)}`;
  return sentence;
}

function nothingChanged(comparison: Omit<Comparison, 'headline'>): string {
  const { event, baseLabel, currentSamples, baseSamples, baseTotal, currentTotal, totalChanged } = comparison;
  const figures = `n=${baseSamples} and ${currentSamples}, would see ≥ ${percent(comparison.detectableShare)} of ${event}`;
  if (currentSamples === 0 || baseSamples === 0) {
    return currentSamples === baseSamples
      ? `${event}: no samples in either profile`
      : `${event}: cannot be compared, ${baseSamples} samples in ${baseLabel} and ${currentSamples} now`;
  }
  return totalChanged
    ? `${event}: ${currentTotal > baseTotal ? 'more' : 'less'} of the same work, ${rates(baseTotal, currentTotal, event)} in total vs ${baseLabel}; ` +
        `no frame's share changed beyond noise (${figures})`
    : `${event}: nothing changed beyond noise vs ${baseLabel} (${figures})`;
}
