import { readGroups, type ListedHost } from './read-groups.ts';
import type { InventorySource } from './source.ts';

/** Asks for the list: its status and text. Rejects when there is no answer in time, or one that is too large. */
export type AskHttp = (signal: AbortSignal) => Promise<{ status: number; text: string }>;

/** Prometheus' http_sd. While it does not answer, the hosts that it gave last stay. */
export function httpSource(
  { url, refreshInterval }: { url: string; refreshInterval: number },
  sshLabel: string,
  ask: AskHttp,
): InventorySource {
  let known: readonly ListedHost[] | null = null;
  return {
    name: `http_sd ${url}`,
    refreshMs: refreshInterval,
    read: async (signal) => {
      const problems: string[] = [];
      try {
        const { status, text } = await ask(signal);
        if (status !== 200) throw new Error(`answers ${status}`);
        known = readGroups(text, '', sshLabel);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
      return { hosts: known ?? [], problems, incomplete: known === null };
    },
  };
}
