import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { profileSchema, type Profile } from '../../src/profile/profile.ts';

export const windows = new URL('../fixtures/windows/', import.meta.url);

/** A profile of test/fixtures/windows, by its path there without the endings. */
export function storedWindow(name: string): Profile {
  const bytes = gunzipSync(readFileSync(new URL(`${name}.json.gz`, windows)));
  return profileSchema.parse(JSON.parse(bytes.toString('utf8')));
}
