import type { ChangedFrame, Comparison } from '../comparison/comparison.ts';
import { leadingChange } from '../comparison/headline.ts';
import type { ProfileEvent } from '../profile.ts';
import { rates } from '../quantities.ts';

/** Another event than the lead's that changed, as the sentence says it. */
export interface BeyondLead {
  comparison: Comparison;
  sentence: string;
}

/** Less than this is no news, however much it grew: cores, bytes per second, seconds per second. */
const leastSaid: Partial<Record<ProfileEvent, number>> = { cpu: 0.05, alloc: 1_000_000, lock: 0.01 };

/** An event whose total grew this many times as much as the lead's is said, whatever frames did. */
const largeGrowth = 2;

/**
 * Of the other events the one that grew most, by another cause than the lead's: nothing may have changed in what the
 * alert is about while a thousand times as much is allocated.
 * @param grown what the sentence leads with; null when it is no growth.
 */
export function beyondLead(
  lead: Comparison | null,
  others: readonly Comparison[],
  grown: ChangedFrame | null,
): BeyondLead | null {
  const named = [grown?.frame, grown?.mostly, grown?.calledBy];
  const leadGrowth = lead === null ? 1 : totalGrowth(lead);
  const found = others.flatMap((comparison) => {
    const row = leadingChange(comparison.changed);
    const least = leastSaid[comparison.event] ?? 0;
    if (comparison.currentTotal < least) return [];
    const isLeads = [row?.frame, row?.mostly, row?.calledBy].some(
      (one) => one != null && named.includes(one),
    );
    if (isLeads) return [];
    const total = totalGrowth(comparison);
    const growth = row?.change === 'more' ? timesMore(row.baseCores, row.currentCores) : 0;
    if (growth >= (grown === null ? 1 : largeGrowth))
      return [{ comparison, sentence: comparison.headline, growth }];
    return total >= largeGrowth * leadGrowth
      ? [{ comparison, sentence: totalWords(comparison), growth: total }]
      : [];
  });
  return found.toSorted((a, b) => b.growth - a.growth)[0] ?? null;
}

function totalGrowth({ totalChanged, baseTotal, currentTotal }: Comparison): number {
  return totalChanged ? timesMore(baseTotal, currentTotal) : 1;
}

function timesMore(before: number, now: number): number {
  if (before === 0) return now === 0 ? 1 : Infinity;
  return now / before;
}

/** `alloc in total 20.0 kB/s → 40.0 MB/s`. */
function totalWords({ event, baseTotal, currentTotal }: Comparison): string {
  return `${event} in total ${rates(baseTotal, currentTotal, event)}`;
}
