import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';

/**
 * Fewer samples of its lead event mean that hardly anything ran: compared with that, every frame has grown. A
 * service that uses 0.01 cores has 30 in 30 s.
 */
const leastSamples = 5;

/**
 * An alert whose end nobody reported is taken for open this long; milliseconds. Senders without `send_resolved`
 * never report one, and a baseline must come back some day.
 */
const longestEpisodeMs = 24 * 3600_000;
/** Alerts of one workload that are looked at. */
const alertsKept = 100;

/** Why a finished baseline is not compared with, in words for its page; null when it is good. */
export function baselineFlaw({ partial, harm, answer }: Capture): string | null {
  if (harm !== null) return 'its target died or restarted soon after';
  if (partial) return 'its recording holds only a part of the window';
  if (answer === null || answer.samples < leastSamples)
    return `the workload did too little: ${answer?.samples ?? 0} samples, at least ${leastSamples} are needed`;
  return null;
}

/**
 * Whether an alert of the workload was open at some time from `from` to `to`, milliseconds, as far as captures tell:
 * one that no capture was made of, for example in a cooldown, repeats an earlier one.
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
    since: from - longestEpisodeMs,
    limit: alertsKept,
  });
  return captures.some(
    (capture) =>
      openedAt(capture) <= to &&
      (capture.alertResolvedAt === null || Date.parse(capture.alertResolvedAt) >= from),
  );
}

/** When the alert began by its own words; when it came, if those are unreadable or later. */
function openedAt({ alert, timeline }: Capture): number {
  const times = [Date.parse(alert.startsAt), Date.parse(timeline.receivedAt ?? '')];
  return Math.min(...times.filter((time) => !Number.isNaN(time)));
}
