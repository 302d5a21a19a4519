import { Failure } from '../../reasons/failure.ts';
import type { ExportFormat } from '../../profile/export/export-format.ts';
import type { ProfileEvent } from '../../profile/profile.ts';
import type { ArtifactStore } from '../artifact-store.ts';
import { storedProfile } from '../baselines/stored-profile.ts';
import type { Capture } from '../capture.ts';
import { BoundedProcess } from './bounded-process.ts';
import type { ExportTask } from './export-worker.ts';

/** Each may take half a gigabyte, and anyone who may see captures may request one. */
const maxConcurrent = 2;
/** A busy 60 s profile takes less than a second on an idle machine. */
const timeoutMs = 20_000;
const worker = new URL('export-worker', import.meta.url);

/** The profile of a capture in another tool's form, gzipped; undefined when it has none (any more). */
export type ExportProfile = (
  capture: Capture,
  event: ProfileEvent,
  format: ExportFormat,
) => Promise<Uint8Array | undefined>;

/**
 * Converts stored profiles in processes of their own, two at once. Rejects with export-busy, event-not-recorded,
 * recording-damaged, analysis-timeout, or as the store does.
 * @param profileBytes bound on an unpacked profile
 */
export function exportProfiles(store: ArtifactStore, profileBytes: number): ExportProfile {
  let running = 0;
  return async (capture, event, format) => {
    if (running >= maxConcurrent) throw new Failure('export-busy');
    running++;
    try {
      const profile = await storedProfile(capture, store, AbortSignal.timeout(timeoutMs));
      if (profile === undefined) return undefined;
      await using reader = new BoundedProcess<ExportTask, Uint8Array>(worker);
      return await reader.ask({ profile, event, format, name: capture.id, profileBytes }, timeoutMs);
    } finally {
      running--;
    }
  };
}
