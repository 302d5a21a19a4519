import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';

/** Captures before it that are looked at. */
const lookedAt = 20;

/**
 * The capture of the same workload that somebody will want to compare this one with: before the mitigation, in the
 * earlier alert. Baselines only when there is no other; never a sibling, which tells of another target, nor the one
 * that it is compared with already. undefined when there is none with a profile.
 */
export async function captureBefore(ledger: Ledger, capture: Capture): Promise<Capture | undefined> {
  const { id, state, target, answer, request } = capture;
  if (state !== 'done' || target === null || request.purpose === 'sibling') return undefined;
  const earlier = await ledger.list({
    workload: target.workload,
    states: ['done'],
    before: id,
    limit: lookedAt,
  });
  const comparable = earlier.filter(
    (one) =>
      one.request.purpose !== 'sibling' &&
      one.id !== answer?.comparedWith?.captureId &&
      one.artifacts.some(({ name }) => name === 'profile.json'),
  );
  return comparable.find((one) => one.request.purpose !== 'baseline') ?? comparable[0];
}
