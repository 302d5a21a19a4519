import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';

/**
 * With fewer samples of the lead event hardly anything ran, and every frame would seem to have grown. A service that uses
 * 0.01 cores has 30 in 30 s.
 */
const minSamples = 5;

/**
 * An alert without a reported end counts as open this long, milliseconds: senders without `send_resolved` never report
 * one, and baselines must become possible again.
 */
const maxEpisodeMs = 24 * 3600_000;
/** Alerts of one workload that are checked. */
const maxAlerts = 100;

/** Why a finished baseline is unusable, in words for its page; null when it is good. */
export function baselineFlaw({ partial, harm, answer }: Capture): string | null {
  if (harm !== null) return 'its target died or restarted soon after';
  if (partial) return 'its recording holds only a part of the window';
  if (answer === null || answer.samples < minSamples)
    return `the workload did too little: ${answer?.samples ?? 0} samples, at least ${minSamples} are needed`;
  return null;
}

/**
 * Whether an alert of the workload was open at any time between `from` and `to`, milliseconds since the epoch. Only
 * alerts with a capture count; one without, as in a cooldown, follows one that has.
 */
export async function alertWasOpen(
  ledger: Ledger,
  workload: string,
  from: number,
  to: number,
): Promise<boolean> {
  const captures = await ledger.list({
    workload,
    purpose: 'alert',
    since: from - maxEpisodeMs,
    limit: maxAlerts,
  });
  return captures.some(
    (capture) =>
      openedAt(capture) <= to &&
      (capture.alertResolvedAt === null || Date.parse(capture.alertResolvedAt) >= from),
  );
}

/** The alert's startsAt or its arrival, whichever is earlier. */
function openedAt({ alert, timeline }: Capture): number {
  const times = [Date.parse(alert.startsAt), Date.parse(timeline.receivedAt ?? '')];
  return Math.min(...times.filter((time) => !Number.isNaN(time)));
}
