import { readFileSync, statSync } from 'node:fs';
import type { Profile } from '../profile/profile.ts';
import { readProfile } from '../profile/read-profile.ts';
import { unpackRecording } from '../profile/unpack-recording.ts';
import { Failure } from '../reasons/failure.ts';

/** Bound on a recording that is rendered by hand, packed and unpacked; bytes. The person waits at the terminal. */
const largest = 512 * 1024 * 1024;

/**
 * A recording file, gzipped or not → its profile. Throws a Failure: file-unreadable, file-not-a-recording,
 * recording-empty. Synchronous, for nothing else is waited for, and node:fs/promises takes 4 ms to load.
 * @param unpacked is told its size before it is read
 */
export function readRecordingFile(path: string, unpacked?: (bytes: number) => void): Profile {
  const bytes = readBounded(path);
  let profile: Profile;
  try {
    const recording = unpackRecording(bytes, largest);
    unpacked?.(recording.length);
    profile = readProfile(recording);
  } catch (error) {
    throw fileFailure(path, error);
  }
  if (Object.keys(profile.events).length === 0) throw new Failure('recording-empty', { detail: path });
  for (const warning of profile.warnings) process.stderr.write(`${warning}\n`);
  return profile;
}

function readBounded(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > largest)
      throw new Failure('file-not-a-recording', {
        detail: `${path} has ${size} bytes, ${largest} are allowed`,
      });
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('file-unreadable', { detail: path, cause: error });
  }
}

/** What the reader of recordings says, in words for a file that somebody named: its mend knows only captures. */
export function fileFailure(path: string, error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== 'recording-damaged') return error;
  return new Failure('file-not-a-recording', { detail: `${path}: ${error.detail}`, cause: error });
}
