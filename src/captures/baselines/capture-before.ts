import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';

/** Earlier captures that are considered. */
const maxCandidates = 20;

/**
 * The earlier capture of the same workload that people will want to compare with: before the mitigation, or from the
 * previous alert. A baseline only when there is nothing else; never a sibling, which is another target, nor the base of
 * the present comparison. undefined when none has a profile.
 */
export async function captureBefore(ledger: Ledger, capture: Capture): Promise<Capture | undefined> {
  const { id, state, target, answer, request } = capture;
  if (state !== 'done' || target === null || request.purpose === 'sibling') return undefined;
  const earlier = await ledger.list({
    workload: target.workload,
    states: ['done'],
    before: id,
    limit: maxCandidates,
  });
  const comparable = earlier.filter(
    (one) =>
      one.request.purpose !== 'sibling' &&
      one.id !== answer?.comparedWith?.captureId &&
      one.artifacts.some(({ name }) => name === 'profile.json'),
  );
  return comparable.find((one) => one.request.purpose !== 'baseline') ?? comparable[0];
}
