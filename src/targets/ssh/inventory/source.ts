import type { ListedHost } from './read-groups.ts';

/** One place that lists hosts. */
export interface InventorySource {
  /** For logs and reasons: `file_sd hosts/*.json`, `http_sd https://cmdb.example.com/hosts`. */
  name: string;
  /** Milliseconds between two reads. */
  refreshMs: number;
  /** Reads it anew; what cannot be read keeps what was read last. Never rejects. */
  read(signal: AbortSignal): Promise<SourceState>;
}

export interface SourceState {
  hosts: readonly ListedHost[];
  /** What could not be read this time, in words. */
  problems: readonly string[];
  /** Part of it was never read, so that hosts may be missing. */
  incomplete: boolean;
}
