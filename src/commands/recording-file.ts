import { open } from 'node:fs/promises';
import type { Profile } from '../profile/profile.ts';
import { readProfile } from '../profile/read-profile.ts';
import { unpackRecording } from '../profile/unpack-recording.ts';
import { Failure } from '../reasons/failure.ts';

/** Bound on a recording that is rendered by hand, packed and unpacked; bytes. The person waits at the terminal. */
const largest = 512 * 1024 * 1024;

/** A recording file, gzipped or not → its profile. Throws a Failure: file-unreadable, recording-damaged, recording-empty. */
export async function readRecordingFile(path: string): Promise<Profile> {
  const profile = readProfile(unpackRecording(await readBounded(path), largest));
  if (Object.keys(profile.events).length === 0) throw new Failure('recording-empty', { detail: path });
  for (const warning of profile.warnings) process.stderr.write(`${warning}\n`);
  return profile;
}

async function readBounded(path: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > largest)
      throw new Failure('recording-damaged', { detail: `${path} has ${size} bytes, ${largest} are allowed` });
    return await file.readFile();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('file-unreadable', { detail: path, cause: error });
  }
}
