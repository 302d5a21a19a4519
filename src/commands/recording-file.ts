import type { Profile } from '../profile/profile.ts';
import { readProfile } from '../profile/reading/read-profile.ts';
import { unpackRecording } from '../profile/reading/unpack-recording.ts';
import { Failure } from '../reasons/failure.ts';
import { largestInput, wholeInput, type InputFile } from './input-file.ts';

/**
 * A recording file, gzipped or not → its profile. Throws a Failure: file-unreadable, file-not-a-recording,
 * recording-empty.
 * @param unpacked is told its size before it is read
 */
export function readRecordingFile(input: InputFile, unpacked?: (bytes: number) => void): Profile {
  const bytes = wholeInput(input);
  let profile: Profile;
  try {
    const recording = unpackRecording(bytes, largestInput);
    unpacked?.(recording.length);
    profile = readProfile(recording);
  } catch (error) {
    throw fileFailure(input.path, error);
  }
  for (const warning of profile.warnings) process.stderr.write(`${warning}\n`);
  if (Object.keys(profile.events).length === 0) throw new Failure('recording-empty', { detail: input.path });
  return profile;
}

/** What the reader of recordings says, in words for a file that somebody named: its remedy knows only captures. */
export function fileFailure(path: string, error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== 'recording-damaged') return error;
  return new Failure('file-not-a-recording', { detail: `${path}: ${error.detail}`, cause: error });
}
