import { gunzipSync, gzipSync } from 'node:zlib';
import type { ArtifactStore } from '../artifact-store.ts';
import { profileSchema, type Profile } from '../../profile/profile.ts';
import { asFailure } from '../../reasons/failure.ts';
import type { Capture } from '../capture.ts';

/** The profile.json of a capture, gzipped; undefined when there is none (any more). Rejects as the store does. */
export async function storedProfile(
  { artifacts }: Capture,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const artifact = artifacts.find(({ name }) => name === 'profile.json');
  const object = artifact === undefined ? undefined : await store.get(artifact.key, signal);
  if (object === undefined) return undefined;
  return object.contentEncoding === 'gzip' ? object.body : gzipSync(object.body);
}

/**
 * The same, but a store that flamepin may write and not read costs only the comparison. Rejects while the store, its
 * bucket or its directory is unavailable.
 */
export async function readableProfile(
  capture: Capture,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  try {
    return await storedProfile(capture, store, signal);
  } catch (error) {
    signal.throwIfAborted();
    const failure = asFailure(error);
    if (failure.retryable && failure.code !== 'store-denied') throw failure;
    return undefined;
  }
}

/**
 * Unpacks and parses a profile; undefined when it is damaged or of another version.
 * @param limit bound on it once unpacked, bytes
 */
export function openProfile(gzipped: Uint8Array, limit: number): Profile | undefined {
  try {
    const text = gunzipSync(gzipped, { maxOutputLength: limit }).toString('utf8');
    return profileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
