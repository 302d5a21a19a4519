import type { ArtifactStore } from './artifacts/store.ts';
import type { Configuration } from './config/load.ts';

/** The configured store; the S3 client is loaded only when it is used. */
export async function openStore({ storage }: Pick<Configuration, 'storage'>): Promise<ArtifactStore> {
  if (storage.kind === 'filesystem') {
    const { filesystemStore } = await import('./artifacts/filesystem.ts');
    return filesystemStore(storage);
  }
  const { s3Store } = await import('./artifacts/s3.ts');
  return s3Store(storage);
}
