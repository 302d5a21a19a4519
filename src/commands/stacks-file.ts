import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { CollapsedReader } from '../profile/reading/read-collapsed.ts';
import { isBinary, isGzipped, stacksText } from '../profile/reading/stacks-text.ts';
import { unpackRecording } from '../profile/reading/unpack-recording.ts';
import { inputPieces, largestInput, wholeInput, type InputFile } from './input-file.ts';
import { fileFailure } from './recording-file.ts';

/** How much of a gzipped file is unpacked to see what it holds, bytes. */
const probeBytes = 16 * 1024;

/**
 * A file of folded stacks → its profile, with samples of `event`; null when the file is a recording. Its size does not
 * matter, unless it is gzipped or comes from a pipe, only that of its different stacks; see `CollapsedReader.profile` for `leastShare`. Throws a
 * Failure: file-unreadable, file-not-a-recording.
 */
export function readStacksFile(input: InputFile, event: ProfileEvent, leastShare: number): Profile | null {
  try {
    const pieces = textPieces(input);
    if (pieces === null) return null;
    const reader = new CollapsedReader();
    for (const piece of stacksText(pieces)) reader.push(piece);
    return reader.profile(event, leastShare);
  } catch (error) {
    throw fileFailure(input.path, error);
  }
}

/** The bytes of a text, unpacked; null for a recording. */
function textPieces(input: InputFile): Iterable<Buffer> | null {
  const [begin] = inputPieces(input);
  if (begin === undefined) return null;
  if (!isGzipped(begin)) return isBinary(begin) ? null : inputPieces(input);
  // What begins as a recording is unpacked by its own reader.
  const unpacked = unpackRecording(begin.subarray(0, probeBytes), largestInput);
  return isBinary(unpacked) ? null : [unpackRecording(wholeInput(input), largestInput)];
}
