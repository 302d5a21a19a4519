import type { ArtifactStore } from '../artifact-store.ts';
import { baseLabel, startOf } from './base-label.ts';
import { alertWasOpen, baselineFlaw } from './baseline-health.ts';
import type { Capture } from '../capture.ts';
import type { Ledger } from '../ledger.ts';
import { siblingBase } from './sibling-base.ts';
import { readableProfile } from './stored-profile.ts';
import type { Baseline } from './baseline-profile.ts';

/** A baseline older than this says little of today's code; milliseconds. */
const oldestMs = 30 * 24 * 3600_000;
/** Five days of one every six hours: enough to find a good one behind those of a bad day. */
const lookedAt = 20;
/** With the compared one three: what differs among them is no change. More would cost reading and tell little. */
const furtherAtMost = 2;

/** Baselines of a capture's workload, newest first, good or not. */
interface Taken {
  sameImage: Capture[];
  others: Capture[];
}

/**
 * What a capture is compared with: the newest good baseline of the same workload and image, else its sibling in the
 * same window, else the newest good baseline of the workload, its age said in the label; and up to two further
 * baselines of the same image, for what varies in good health. null when there is none, or none that can be read: the
 * capture has its answer without. Rejects when the store is away, which passes.
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
      if (further.length === furtherAtMost) break;
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

/** Whether there is a good baseline of the same image, as far as the ledger tells. */
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
    since: startOf(capture) - oldestMs,
    limit: lookedAt,
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
