import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Failure } from '../reasons/failure.ts';
import { profilerVersion } from './pinned.ts';
import { readPayload, type Architecture, type Payload } from './payload.ts';

/** The archive is half a megabyte, but Maven's first run fetches its own plugins. A cached copy takes 10 ms. Milliseconds. */
const deadlineMs = 180_000;

/**
 * What the profiler sends to targets, by architecture: obtained and checked once, then kept (0.7 MB each). A failed
 * attempt is forgotten, so that the next capture tries again.
 * Looks where the files should be, and only then runs async-profiler.sh, so that an image that holds them needs
 * neither a writable disk nor Maven.
 * @param directory where the operator keeps the files, or a subdirectory `linux-x64` or `linux-arm64` with them;
 *   null: the cache, filled on first use
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
  const places =
    directory === null
      ? [join(cacheDirectory, 'async-profiler', profilerVersion, architecture)]
      : [join(directory, architecture), directory];
  for (const place of places) {
    const payload = await readPayload(place, architecture).catch(() => null);
    if (payload !== null) return payload;
  }
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
    // No stderr: the script did not even run, as in an image without a shell.
    const detail = stderr.trim() || (error instanceof Error ? error.message : '');
    throw new Failure('profiler-unavailable', { detail: detail.slice(-500), cause: error, stderr });
  }
}
