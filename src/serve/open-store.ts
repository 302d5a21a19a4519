import type { ArtifactStore } from '../captures/artifact-store.ts';
import type { Configuration } from '../config/load.ts';

/** Key → a link straight to the store. */
export type SignLink = (key: string) => ReturnType<ArtifactStore['link']>;

/** The configured store; the S3 client is loaded only when it is used. */
export async function openStore({ storage }: Pick<Configuration, 'storage'>): Promise<ArtifactStore> {
  if (storage.kind === 'filesystem') {
    const { filesystemStore } = await import('../stores/filesystem.ts');
    return filesystemStore(storage);
  }
  const { s3Store } = await import('../stores/s3/s3.ts');
  return s3Store(storage);
}

/** Undefined where the store cannot sign links. */
export function linkSigner(
  store: ArtifactStore,
  { storage }: Pick<Configuration, 'storage'>,
): SignLink | undefined {
  return storage.kind === 's3' ? (key) => store.link(key, storage.linkExpiry / 1000) : undefined;
}
