import type { ArtifactStore } from '../captures/artifact-store.ts';
import type { Configuration } from '../config/load.ts';

/** Key → a link straight to the store. */
export type SignLink = (key: string) => ReturnType<ArtifactStore['link']>;

type Storage = Configuration['storage'];

/** What the rest of flamepin must know of a store before, or without, opening it. */
interface StoreTraits {
  /** Where it fills a disk of this machine; null: nowhere. */
  directory: string | null;
  /** Links that work without flamepin; null where it cannot sign any. */
  links: { expiryMs: number; redirects: boolean } | null;
  /** An S3 bucket, whose own lifecycle rules can expire what is stored; null for every other store. */
  bucket: Extract<Storage, { kind: 's3' }> | null;
}

/** The configured store; the S3 client is loaded only when it is used. */
export async function openStore({ storage }: Pick<Configuration, 'storage'>): Promise<ArtifactStore> {
  switch (storage.kind) {
    case 'filesystem': {
      const { filesystemStore } = await import('../stores/filesystem.ts');
      return filesystemStore(storage);
    }
    case 's3': {
      const { s3Store } = await import('../stores/s3/s3.ts');
      return s3Store(storage);
    }
  }
}

export function storeTraits(storage: Storage): StoreTraits {
  switch (storage.kind) {
    case 'filesystem':
      return { directory: storage.directory, links: null, bucket: null };
    case 's3': {
      const links = { expiryMs: storage.linkExpiry, redirects: storage.signedRedirects };
      return { directory: null, links, bucket: storage };
    }
  }
}

/** Undefined where the store cannot sign links. */
export function linkSigner(
  store: ArtifactStore,
  { storage }: Pick<Configuration, 'storage'>,
): SignLink | undefined {
  const { links } = storeTraits(storage);
  return links === null ? undefined : (key) => store.link(key, links.expiryMs / 1000);
}
