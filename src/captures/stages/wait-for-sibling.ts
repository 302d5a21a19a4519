import { hasBaseline } from '../baselines/baseline.ts';
import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';
import { isFinal } from '../outcome.ts';
import { hasProfile } from '../baselines/sibling-base.ts';

/**
 * How long after its own recording was fetched a capture waits for its sibling's, milliseconds. That one began up to
 * five seconds later, and is read and stored in about one.
 */
const patienceMs = 20_000;

/** Whether the answer is better given a little later, against the sibling: that is under way, and no baseline is there. */
export async function waitsForSibling(capture: Capture, ledger: Ledger, now: number): Promise<boolean> {
  const { sibling, timeline } = capture;
  if (sibling === null || timeline.collectedAt === null) return false;
  const waitedMs = now - Date.parse(timeline.collectedAt);
  // Negative when the clock was set back meanwhile.
  if (waitedMs < 0 || waitedMs >= patienceMs) return false;
  const other = await ledger.get(sibling.captureId);
  if (other === undefined || isFinal(other) || hasProfile(other)) return false;
  return !(await hasBaseline(capture, ledger));
}
