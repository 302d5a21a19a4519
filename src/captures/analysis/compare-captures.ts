import { Failure } from '../../reasons/failure.ts';
import type { ArtifactStore } from '../artifact-store.ts';
import { baseLabel } from '../baselines/base-label.ts';
import { BoundedProcess } from './bounded-process.ts';
import type { Capture } from '../capture.ts';
import type { ComparisonTask } from './comparison-worker.ts';
import { storedProfile } from '../baselines/stored-profile.ts';
import type { Answer } from '../../profile/answer/answer.ts';

/** Each may take half a gigabyte, and anyone who may see captures may request one. */
const maxConcurrent = 2;
/** Two busy 60 s profiles take about a second on an idle machine. */
const timeoutMs = 20_000;
const worker = new URL('comparison-worker', import.meta.url);

/** The capture, answered anew against another capture of its workload. */
export type CompareCaptures = (capture: Capture, base: Capture) => Promise<Capture>;

/**
 * Compares stored captures in processes of their own, two at once. Rejects with comparison-with-itself,
 * comparison-unlike, comparison-without-profile, comparison-busy, analysis-timeout, or as the store does.
 * @param profileBytes bound on an unpacked profile
 */
export function compareCaptures(
  store: ArtifactStore,
  applicationPackages: readonly string[],
  profileBytes: number,
): CompareCaptures {
  let running = 0;
  return async (capture, base) => {
    refuseUnlike(capture, base);
    if (running >= maxConcurrent) throw new Failure('comparison-busy');
    running++;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const profile = await profileOf(capture, store, signal);
      const label = baseLabel(base, capture);
      const baseProfile = await profileOf(base, store, signal);
      await using reader = new BoundedProcess<ComparisonTask, Answer>(worker);
      const task: ComparisonTask = {
        capture,
        profile,
        base: { captureId: base.id, label, profile: baseProfile },
        applicationPackages,
        profileBytes,
      };
      return { ...capture, answer: await reader.ask(task, timeoutMs) };
    } finally {
      running--;
    }
  };
}

function refuseUnlike(capture: Capture, base: Capture): void {
  if (capture.id === base.id) throw new Failure('comparison-with-itself');
  const workloads = [capture, base].map(({ target }) => target?.workload);
  if (workloads[0] === undefined || workloads[0] !== workloads[1])
    throw new Failure('comparison-unlike', { detail: workloads.map((name) => name ?? 'none').join(', ') });
}

async function profileOf(capture: Capture, store: ArtifactStore, signal: AbortSignal): Promise<Buffer> {
  const profile = await storedProfile(capture, store, signal);
  if (profile !== undefined) return profile;
  const why = capture.state === 'done' ? 'has passed its retention' : `is ${capture.state}`;
  throw new Failure('comparison-without-profile', { detail: `${capture.id} ${why}` });
}
