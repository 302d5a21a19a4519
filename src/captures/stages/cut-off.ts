import { Failure } from '../../reasons/failure.ts';
import type { LeasedCapture } from '../ledger.ts';

/**
 * How often work may be cut off in one stage, by an end of the process or a fault that could not be handled, before it
 * is taken for the cause. Rollouts do not count: they give their captures back. Reading a recording is what takes
 * memory, so two ends in that stage are enough; a window may be met by more that have nothing to do with it.
 */
const mostWhileProfiling = 5;
const mostWhileStoring = 2;
/** A mark that ended the process this often is not tried again. */
export const mostWhileDelivering = 5;

/** Why work on this capture must not begin again; null when it may. */
export function givenUp({ state, cutOffs }: Pick<LeasedCapture, 'state' | 'cutOffs'>): Failure | null {
  const most = state === 'storing' ? mostWhileStoring : mostWhileProfiling;
  if (cutOffs < most) return null;
  return new Failure('capture-given-up', { detail: `${cutOffs} times while it was ${state}` });
}
