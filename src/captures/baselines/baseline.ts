import type { ArtifactStore } from '../artifact-store.ts';
import { baseLabel, startOf } from './base-label.ts';
import { alertWasOpen, baselineFlaw } from './baseline-health.ts';
import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';
import { siblingBase } from './sibling-base.ts';
import { readableProfile } from './stored-profile.ts';
import type { Baseline } from './baseline-profile.ts';

/** An older baseline says little about today's code; milliseconds. */
const maxAgeMs = 30 * 24 * 3600_000;
/** Five days at one every six hours: enough to find a good one after a bad day. */
const maxCandidates = 20;
/** Three in all with the base: enough to see what varies. More would cost time and add little. */
const maxFurther = 2;

/** Baselines of a capture's workload, newest first, good or not. */
interface Taken {
  sameImage: Capture[];
  others: Capture[];
}

/**
 * What a capture is compared with: the newest good baseline of the same workload and image, else its sibling in the same
 * window, else the newest good baseline of the workload, with its age in the label; plus up to two more baselines of the
 * same image, to see what varies in good health. null when there is none that can be read: the answer then has no
 * comparison. Rejects while the store is unavailable.
 */
export async function findBaseline(
  capture: Capture,
  ledger: Ledger,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<Baseline | null> {
  const { sameImage, others } = await baselinesOf(capture, ledger);
  const firstGood = async (baselines: readonly Capture[]): Promise<Baseline | null> => {
    let chosen: { capture: Capture; profile: Buffer } | null = null;
    const further: Buffer[] = [];
    for (const candidate of baselines) {
      if (chosen !== null && imageOf(candidate) !== imageOf(chosen.capture)) continue;
      if (!(await isGood(candidate, ledger))) continue;
      const profile = await readableProfile(candidate, store, signal);
      if (profile === undefined) continue;
      if (chosen === null) chosen = { capture: candidate, profile };
      else further.push(profile);
      if (further.length === maxFurther) break;
    }
    return (
      chosen && {
        captureId: chosen.capture.id,
        label: baseLabel(chosen.capture, capture),
        profile: chosen.profile,
        further,
      }
    );
  };
  return (
    (await firstGood(sameImage)) ??
    (await siblingBase(capture, ledger, store, signal)) ??
    (await firstGood(others))
  );
}

/** Whether the ledger knows a good baseline of the same image. */
export async function hasBaseline(capture: Capture, ledger: Ledger): Promise<boolean> {
  for (const candidate of (await baselinesOf(capture, ledger)).sameImage)
    if (await isGood(candidate, ledger)) return true;
  return false;
}

const imageOf = (one: Capture): string | null => one.target?.image ?? null;

async function baselinesOf(capture: Capture, ledger: Ledger): Promise<Taken> {
  const { target, request } = capture;
  if (target === null || request.purpose === 'baseline') return { sameImage: [], others: [] };
  const taken = await ledger.list({
    workload: target.workload,
    states: ['done'],
    purpose: 'baseline',
    before: capture.id,
    since: startOf(capture) - maxAgeMs,
    limit: maxCandidates,
  });
  const sameImage = taken.filter((one) => target.image !== null && imageOf(one) === target.image);
  return { sameImage, others: taken.filter((one) => !sameImage.includes(one)) };
}

async function isGood(baseline: Capture, ledger: Ledger): Promise<boolean> {
  if (baseline.target === null || baselineFlaw(baseline) !== null) return false;
  const from = startOf(baseline);
  const to = from + baseline.request.durationSeconds * 1000;
  return !(await alertWasOpen(ledger, baseline.target.workload, from, to));
}
