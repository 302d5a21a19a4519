import { hasBaseline } from '../baselines/baseline.ts';
import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';
import { isFinal } from '../outcome.ts';
import { hasProfile } from '../baselines/sibling-base.ts';

/**
 * How long a capture waits for its sibling's recording once its own is fetched, milliseconds. The sibling started up to
 * five seconds later; reading and storing it takes about one.
 */
const patienceMs = 20_000;

/** Whether to delay the answer so that it compares with the sibling: that is under way, and there is no baseline. */
export async function waitsForSibling(capture: Capture, ledger: Ledger, now: number): Promise<boolean> {
  const { sibling, timeline } = capture;
  if (sibling === null || timeline.collectedAt === null) return false;
  const waitedMs = now - Date.parse(timeline.collectedAt);
  // Negative when the clock was set back in between.
  if (waitedMs < 0 || waitedMs >= patienceMs) return false;
  const other = await ledger.get(sibling.captureId);
  if (other === undefined || isFinal(other) || hasProfile(other)) return false;
  return !(await hasBaseline(capture, ledger));
}
