import type { ArtifactStore } from '../captures/artifact-store.ts';
import type { Configuration } from '../config/load.ts';

/** The configured store; the S3 client is loaded only when it is used. */
export async function openStore({ storage }: Pick<Configuration, 'storage'>): Promise<ArtifactStore> {
  if (storage.kind === 'filesystem') {
    const { filesystemStore } = await import('../stores/filesystem.ts');
    return filesystemStore(storage);
  }
  const { s3Store } = await import('../stores/s3/s3.ts');
  return s3Store(storage);
}
