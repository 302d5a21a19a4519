import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Failure } from '../reasons/failure.ts';
import { readPayload, type Architecture, type Payload } from './payload.ts';

/** The archive has half a megabyte; Maven's first run fetches its own plugins. */
const deadlineMs = 180_000;

/**
 * What the profiler sends to targets, by architecture: obtained and checked once, then kept (716 kB each). A failed
 * attempt is forgotten, so that the next capture tries again.
 * @param directory where the operator keeps the two files; null: the cache, filled on first use
 */
export function obtainPayloads(
  directory: string | null,
  cacheDirectory: string,
): (architecture: Architecture) => Promise<Payload> {
  const kept = new Map<Architecture, Promise<Payload>>();
  return (architecture) => {
    const known = kept.get(architecture);
    if (known !== undefined) return known;
    const payload = obtain(architecture, directory, cacheDirectory);
    kept.set(architecture, payload);
    payload.catch(() => kept.delete(architecture));
    return payload;
  };
}

async function obtain(
  architecture: Architecture,
  directory: string | null,
  cacheDirectory: string,
): Promise<Payload> {
  const script = fileURLToPath(new URL('async-profiler.sh', import.meta.url));
  const given = directory === null ? [] : [directory];
  try {
    const { stdout } = await promisify(execFile)(
      'env',
      [`FLAMEPIN_CACHE=${cacheDirectory}`, 'sh', script, architecture, ...given],
      { timeout: deadlineMs },
    );
    return await readPayload(stdout.trim(), architecture);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new Failure('profiler-unavailable', { detail: stderr.trim().slice(-500), cause: error, stderr });
  }
}
