import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Failure } from '../reasons/failure.ts';
import { readPayload, type Architecture, type Payload } from './payload.ts';

/** A download over a slow line; a cached copy takes 10 ms. */
const obtainDeadlineMs = 120_000;
const run = promisify(execFile);

/**
 * Reads payloads once and keeps them (0.7 MB each). Looks where the files should be and only then runs
 * async-profiler.sh, so that an image with the files needs neither Maven nor curl.
 */
export function payloadsFrom(
  directory: string | null,
  cacheDirectory: string,
): (architecture: Architecture) => Promise<Payload> {
  const kept = new Map<Architecture, Promise<Payload>>();
  return (architecture) => {
    const known = kept.get(architecture);
    if (known !== undefined) return known;
    const payload = find(directory, cacheDirectory, architecture);
    kept.set(architecture, payload);
    // A failure is not kept: the files may be put there meanwhile.
    payload.catch(() => kept.delete(architecture));
    return payload;
  };
}

async function find(
  directory: string | null,
  cacheDirectory: string,
  architecture: Architecture,
): Promise<Payload> {
  const places =
    directory === null
      ? [join(cacheDirectory, 'async-profiler', '4.5', architecture)]
      : [join(directory, architecture), directory];
  for (const place of places) {
    const payload = await readPayload(place, architecture).catch(() => null);
    if (payload !== null) return payload;
  }
  const script = fileURLToPath(new URL('async-profiler.sh', import.meta.url));
  try {
    // env adds one variable to what Maven and curl need of ours (proxies, HOME); nothing secret is passed on purpose.
    const { stdout } = await run(
      'env',
      [
        `FLAMEPIN_CACHE=${cacheDirectory}`,
        'sh',
        script,
        architecture,
        ...(directory === null ? [] : [directory]),
      ],
      { timeout: obtainDeadlineMs },
    );
    return await readPayload(stdout.trimEnd(), architecture);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Failure('profiler-failed', { detail: said.slice(-1000), cause: error });
  }
}
