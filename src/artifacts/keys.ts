import { profileEvents } from '../profile/sampling.ts';
import type { Artifact } from './artifact.ts';

/** Digits of capture ids: Crockford's base 32, as in a ULID. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * The key of an artifact: `captures/2026/11/23/<capture id>/flamegraph.svg`, and `recordings/…` for the raw
 * recording, so that permissions and lifecycle rules can match by prefix (some services have no
 * tags, and S3 never matches by suffix). Derived from the capture's id alone, whose first ten characters
 * are its time: repeating a stage gives the same key, no two captures share one, and keys sort by time.
 * With `event`, the artifact that shows this event: `flamegraph.wall.svg`.
 */
export function artifactKey(
  captureId: string,
  name: Artifact['name'],
  event: Artifact['event'] = null,
): string {
  const folder = name === 'recording.jfr' ? 'recordings' : 'captures';
  const day = new Date(captureTime(captureId)).toISOString().slice(0, 10).replaceAll('-', '/');
  const dot = name.lastIndexOf('.');
  const file = event === null ? name : `${name.slice(0, dot)}.${event}${name.slice(dot)}`;
  return `${folder}/${day}/${captureId}/${file}`;
}

/** The keys of everything that may have been made of a capture's recording. */
export function pictureKeys(captureId: string): string[] {
  return [
    artifactKey(captureId, 'flamegraph.html'),
    artifactKey(captureId, 'profile.json'),
    artifactKey(captureId, 'summary.md'),
    ...profileEvents.map((event) => artifactKey(captureId, 'flamegraph.svg', event)),
  ];
}

/** When a capture id was created, milliseconds since the epoch. */
function captureTime(captureId: string): number {
  let time = 0;
  for (const digit of captureId.slice(2, 12)) time = time * 32 + digits.indexOf(digit);
  return time;
}

const segment = /^[A-Za-z0-9_][A-Za-z0-9._=@+-]*$/;

/**
 * Whether a key is one that every store can hold: segments of plain characters, none of them starting with a
 * dot, at most 512 bytes (a file system allows 255 per segment, S3 1,024 in all, and there is a prefix before it).
 */
export function isStorableKey(key: string): boolean {
  return key.length <= 512 && key.split('/').every((part) => part.length <= 200 && segment.test(part));
}
