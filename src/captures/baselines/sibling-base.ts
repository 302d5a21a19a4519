import type { ArtifactStore } from '../artifact-store.ts';
import { baselineFlaw } from './baseline-health.ts';
import { baseLabel } from './base-label.ts';
import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';
import { readableProfile } from './stored-profile.ts';
import type { Baseline } from './baseline-profile.ts';

/** Its recording has been read. While the store is unavailable, its files are in the spool. */
export function hasProfile({ state, answer, storeRetry }: Capture): boolean {
  return state === 'done' || (storeRetry !== null && answer !== null);
}

/** The sibling to compare with; null when there is none, it failed, or it is not done yet. */
export async function siblingBase(
  capture: Capture,
  ledger: Ledger,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<Baseline | null> {
  const sibling = capture.sibling === null ? undefined : await ledger.get(capture.sibling.captureId);
  if (sibling === undefined || !hasProfile(sibling) || baselineFlaw(sibling) !== null) return null;
  const profile =
    sibling.state === 'done'
      ? await readableProfile(sibling, store, signal)
      : (await ledger.readFiles(sibling.id))?.files.find(({ name }) => name === 'profile.json')?.body;
  if (profile === undefined) return null;
  return { captureId: sibling.id, label: baseLabel(sibling, capture), profile, further: [] };
}
