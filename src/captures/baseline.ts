import { gzipSync } from 'node:zlib';
import type { ArtifactStore } from '../artifacts/store.ts';
import type { Baseline } from './analysis.ts';
import type { Capture } from './capture.ts';
import type { Ledger } from './ledger.ts';

/** A baseline older than this says little of today's code; milliseconds. */
const oldestMs = 30 * 24 * 3600_000;

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/**
 * The profile that a capture is compared with: the newest baseline of the same workload and image, else of the same
 * workload, its age said in the label. null when there is none, or when it can't be read any more.
 */
export async function findBaseline(
  capture: Capture,
  ledger: Ledger,
  store: ArtifactStore,
  now: number,
  signal: AbortSignal,
): Promise<Baseline | null> {
  const { target } = capture;
  if (target === null || capture.request.purpose === 'baseline') return null;
  const candidates = await ledger.list({
    workload: target.workload,
    states: ['done'],
    purpose: 'baseline',
    before: capture.id,
    since: now - oldestMs,
    limit: 20,
  });
  const sameImage = candidates.filter(
    (candidate) => target.image !== null && candidate.target?.image === target.image,
  );
  for (const candidate of [...sameImage, ...candidates]) {
    const artifact = candidate.artifacts.find(({ name }) => name === 'profile.json');
    if (artifact === undefined) continue;
    const object = await store.get(artifact.key, signal);
    if (object === undefined) continue;
    const profile = object.contentEncoding === 'gzip' ? object.body : gzipSync(object.body);
    return { captureId: candidate.id, label: label(candidate, sameImage.includes(candidate), now), profile };
  }
  return null;
}

/** `baseline Tue 14:00, same image`; older than six days the date is said instead of the day. */
function label(baseline: Capture, sameImage: boolean, now: number): string {
  const at = new Date(baseline.timeline.startedAt ?? baseline.alert.startsAt);
  const time = at.toISOString().slice(11, 16);
  const day = now - at.getTime() < 6 * 24 * 3600_000 ? days[at.getUTCDay()] : at.toISOString().slice(0, 10);
  return `baseline ${day} ${time}${sameImage ? ', same image' : ''}`;
}
