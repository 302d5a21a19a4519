import type { ArtifactStore } from '../captures/artifact-store.ts';
import type { Configuration } from '../config/load.ts';
import { openStore } from '../serve/open-store.ts';
import { Failure } from '../reasons/failure.ts';
import { compareClocks, deadlineMs, get } from './doctor-ask.ts';

const key = 'doctor/probe.txt';
const words = 'flamepin';
const linkSeconds = 60;

/**
 * Writes a small object, lists, reads and deletes it; where the store makes signed links, follows one and compares the
 * clocks. Rejects with the store's Failures, or clock-skew.
 */
export async function lookAtStore(configuration: Configuration): Promise<string> {
  const store = await openStore(configuration);
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    await store.delete([key], signal);
    await store.put(
      {
        key,
        body: Buffer.from(words),
        contentType: 'text/plain',
        contentEncoding: 'identity',
        metadata: {},
      },
      signal,
    );
    // Without permission to list, S3 calls what has expired forbidden instead of missing.
    const [listed] = await store.list(key, 1, signal);
    if (listed?.key !== key)
      throw new Failure('store-denied', { detail: 'the object just written is not listed' });
    const read = await store.get(key, signal);
    if (read?.body.toString() !== words)
      throw new Failure('store-denied', { detail: 'the object just written could not be read' });
    const linked = await followLink(store);
    await store.delete([key], signal);
    return `written, listed, read${linked ? ', opened by a signed link' : ''} and deleted`;
  } finally {
    await store.close?.();
  }
}

/** False where the store makes no links. */
async function followLink(store: ArtifactStore): Promise<boolean> {
  const link = await store.link(key, linkSeconds);
  if (link === undefined) return false;
  const response = await get(link.url, {});
  const body = await response.text();
  compareClocks(response.headers.get('date') ?? '', new URL(response.url).origin);
  if (!response.ok || body !== words)
    throw new Failure('store-denied', {
      detail: `a signed link to the object just written answers ${response.status}`,
    });
  return true;
}
