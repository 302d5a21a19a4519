/** Where artifacts live. Contract suite: test/contract/artifact-store.ts. Bodies are buffers: bounded in size and retried as a whole. */
export interface ArtifactStore {
  /**
   * Stores one object; putting the same key again replaces or keeps it, never duplicates it. Rejects with a Failure:
   * store-unavailable, store-full, store-denied, store-missing. Any may go away: permissions get granted, buckets recreated.
   */
  put(object: StoredObject, signal: AbortSignal): Promise<void>;
  /** The object as it was put, or undefined when it is not there (any more). */
  get(key: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** Keys under a prefix, oldest first; at most `limit`. */
  list(
    prefix: string,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ key: string; modifiedAt: Date; size: number }[]>;
  /** Deleting a missing key is not an error. */
  delete(keys: readonly string[], signal: AbortSignal): Promise<void>;
  /** A link that works without flamepin, and until when; undefined where the store cannot make one. */
  link(key: string, seconds: number): Promise<{ url: string; expiresAt: Date } | undefined>;
  close?(): Promise<void>;
}

export interface StoredObject {
  /** `captures/2026/11/23/c-…/flamegraph.html`, without the store's own prefix. */
  key: string;
  body: Buffer;
  contentType: string;
  contentEncoding: 'identity' | 'gzip';
  /** Workload, alert name, SHA-256 of the body: for lifecycle rules and for people who browse the bucket. */
  metadata: Readonly<Record<string, string>>;
}
