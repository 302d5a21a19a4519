import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { CollapsedReader } from '../profile/reading/read-collapsed.ts';
import { inputPieces, type InputFile } from './input-file.ts';
import { fileFailure } from './recording-file.ts';

/**
 * A file of folded stacks → its profile, with samples of `event`; null when the file is a recording or gzipped. Its
 * size does not matter, unless it comes from a pipe, only that of its different stacks; see `CollapsedReader.profile` for `leastShare`. Throws a
 * Failure: file-unreadable, file-not-a-recording.
 */
export function readStacksFile(input: InputFile, event: ProfileEvent, leastShare: number): Profile | null {
  try {
    let reader: CollapsedReader | null = null;
    for (const piece of inputPieces(input)) {
      if (reader === null && isBinary(piece)) return null;
      reader ??= new CollapsedReader();
      reader.push(piece);
    }
    return reader?.profile(event, leastShare) ?? null;
  } catch (error) {
    throw fileFailure(input.path, error);
  }
}

/** JFR begins with `FLR` and NUL, gzip with 1f 8b; text has neither. A few bytes are left to the reader of recordings. */
function isBinary(begin: Buffer): boolean {
  return begin.length < 4 || begin[0] === 0x1f || begin.subarray(0, 4).includes(0);
}
