import type { Log } from '../captures/log.ts';
import type { ArtifactStore } from '../captures/artifact-store.ts';
import { finalStates } from '../captures/capture.ts';
import type { Ledger } from '../captures/ledger.ts';

/** Captures per page; a run continues until there are no more. */
const batch = 200;
const deadlineMs = 60_000;

interface RetentionParts {
  ledger: Ledger;
  store: ArtifactStore;
  /** Ages in milliseconds. A recording reveals more than a flame graph, so it goes sooner. */
  retention: { recordingsMs: number; profilesMs: number };
  log: Log;
}

/**
 * Deletes recordings and profiles past their retention, and after twice the profiles' retention compacts the captures
 * themselves, so that an old link still shows what was known.
 */
export async function sweepRetention(parts: RetentionParts, now: number): Promise<void> {
  const recordings = await drop(
    parts,
    now - parts.retention.recordingsMs,
    (name) => name === 'recording.jfr',
  );
  const profiles = await drop(parts, now - parts.retention.profilesMs, () => true);
  // Alerts no sooner than captures: links by fingerprint are in chats and pagers.
  const old = now - 2 * parts.retention.profilesMs;
  const forgotten = await parts.ledger.expire({ captures: old, alerts: old });
  parts.log.info({ recordings, profiles, forgotten }, 'retention swept');
}

async function drop(
  { ledger, store }: RetentionParts,
  until: number,
  expired: (name: string) => boolean,
): Promise<number> {
  let dropped = 0;
  let before: string | undefined;
  for (;;) {
    const captures = await ledger.list({
      states: finalStates,
      until,
      limit: batch,
      ...(before === undefined ? {} : { before }),
    });
    for (const capture of captures) {
      const keys = capture.artifacts.filter(({ name }) => expired(name)).map(({ key }) => key);
      if (keys.length === 0) continue;
      await store.delete(keys, AbortSignal.timeout(deadlineMs));
      await ledger.dropArtifacts(capture.id, keys);
      dropped += keys.length;
    }
    before = captures.at(-1)?.id;
    if (before === undefined || captures.length < batch) return dropped;
  }
}
