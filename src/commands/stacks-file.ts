import { closeSync, openSync, readSync } from 'node:fs';
import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { CollapsedReader } from '../profile/read-collapsed.ts';
import { Failure } from '../reasons/failure.ts';
import { fileFailure } from './recording-file.ts';

/** How much is read at once, bytes. */
const pieceBytes = 1024 * 1024;

/**
 * A file of folded stacks → its profile, with samples of `event`; null when the file is a recording or gzipped. Its
 * size does not matter, only that of its different stacks; see `CollapsedReader.profile` for `leastShare`. Throws a
 * Failure: file-unreadable, file-not-a-recording.
 */
export function readStacksFile(path: string, event: ProfileEvent, leastShare: number): Profile | null {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    if (isBinary(file)) return null;
    const reader = new CollapsedReader();
    const piece = Buffer.allocUnsafeSlow(pieceBytes);
    for (;;) {
      const bytesRead = readSync(file, piece);
      if (bytesRead === 0) break;
      reader.push(piece.subarray(0, bytesRead));
    }
    return reader.profile(event, leastShare);
  } catch (error) {
    if (error instanceof Failure) throw fileFailure(path, error);
    throw new Failure('file-unreadable', { detail: path, cause: error });
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** JFR begins with `FLR` and NUL, gzip with 1f 8b; text has neither. An empty file is left to the reader of recordings. */
function isBinary(file: number): boolean {
  const begin = Buffer.alloc(4);
  return readSync(file, begin, 0, begin.length, 0) < begin.length || begin[0] === 0x1f || begin.includes(0);
}
