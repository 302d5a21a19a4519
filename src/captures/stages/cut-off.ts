import { Failure } from '../../reasons/failure.ts';
import type { LeasedCapture } from '../ledger.ts';

/**
 * How often work in one stage may be cut off (flamepin ended, or an error that it could not handle) before the capture
 * itself is taken for the cause. Rollouts don't count: they give their captures back. Reading a recording is what takes
 * memory, so two are enough there; a window may see more that have nothing to do with it.
 */
const maxCutOffsProfiling = 5;
const maxCutOffsStoring = 2;
/** A mark that was cut off this often is not tried again. */
export const maxCutOffsDelivering = 5;

/** Why this capture must not be worked on again; null when it may. */
export function givenUp({ state, cutOffs }: Pick<LeasedCapture, 'state' | 'cutOffs'>): Failure | null {
  const limit = state === 'storing' ? maxCutOffsStoring : maxCutOffsProfiling;
  if (cutOffs < limit) return null;
  return new Failure('capture-given-up', { detail: `${cutOffs} times while it was ${state}` });
}
