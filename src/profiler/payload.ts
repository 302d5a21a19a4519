import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../reasons/failure.ts';
import { pins, profilerVersion } from './pinned.ts';

export type Architecture = 'linux-x64' | 'linux-arm64';

/** What start.sh reads from stdin: asprof, then the library, uncompressed (no target needs a gzip for it). */
export interface Payload {
  architecture: Architecture;
  bytes: Buffer;
  /** The first so many bytes are asprof. */
  asprofBytes: number;
  /** Hexadecimal, of all bytes; a policy pins it as the last parameter of start.sh. */
  sha256: string;
}

/**
 * Reads the payload from a directory that async-profiler.sh has checked.
 * Checks the files against the pins again, or the release archive next to them: its build has other hashes, and the
 * script has compared the files with it.
 * @throws Failure `profiler-unavailable` when files are missing or are not those that are pinned
 */
export async function readPayload(directory: string, architecture: Architecture): Promise<Payload> {
  const files = ['asprof', 'libasyncProfiler.so'] as const;
  const archive = `async-profiler-${profilerVersion}-${architecture}.tar.gz`;
  try {
    const isPinned = (content: Buffer, name: string): boolean =>
      pins.includes(`${sha256Of(content)}  ${name}\n`);
    const [asprof, library] = await Promise.all([
      readFile(join(directory, files[0])),
      readFile(join(directory, files[1])),
    ]);
    const pinned =
      (isPinned(asprof, `${architecture}/${files[0]}`) && isPinned(library, `${architecture}/${files[1]}`)) ||
      isPinned(await readFile(join(directory, archive)).catch(() => Buffer.alloc(0)), archive);
    if (!pinned) {
      throw new Failure('profiler-unavailable', {
        detail: `the files in ${directory} are not async-profiler ${profilerVersion} for ${architecture}: their SHA-256 is not the pinned one`,
      });
    }
    const bytes = Buffer.concat([asprof, library]);
    return { architecture, bytes, asprofBytes: asprof.length, sha256: sha256Of(bytes) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('profiler-unavailable', {
      detail: `async-profiler is not in ${directory}: run src/profiler/async-profiler.sh ${architecture}`,
      cause: error,
    });
  }
}

/** SHA-256 of bytes, hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
