import type { StoredObject } from '../../captures/artifact-store.ts';

/**
 * User metadata travels in headers: printable ASCII only, 2 KB in all (S3's own limit). Everything else is
 * percent-encoded, also `%` and the spaces that proxies and signatures fold; each value is cut to 400 bytes.
 */
export function encodeMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), encodeValue(value)]),
  );
}

function encodeValue(value: string): string {
  let encoded = '';
  for (const character of value.toWellFormed().trim()) {
    const next = /[ !-$&-~]/.test(character) ? character : encodeURIComponent(character);
    if (encoded.length + next.length > 400) break;
    encoded += next;
  }
  return encoded.trim().replaceAll(/ {2,}/g, (spaces) => '%20'.repeat(spaces.length));
}

/** The inverse of encodeMetadata; a value that is not percent-encoded stays as it is. */
export function decodeMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, decodeValue(value)]));
}

function decodeValue(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * Object tags as S3 takes them: at most 10, keys to 128 and values to 256 characters, of letters, digits, spaces
 * and `+ - = . _ : / @`. The first is `flamepin=recording` or `flamepin=profile`, for lifecycle rules.
 */
export function taggingOf(object: StoredObject, extra: Readonly<Record<string, string>>): string {
  const tags: Record<string, string> = { flamepin: objectKind(object.key) };
  for (const name of ['workload', 'alert']) {
    const value = object.metadata[name];
    if (value !== undefined && value !== '') tags[name] = value;
  }
  const all = Object.entries({ ...tags, ...extra }).slice(0, 10);
  return new URLSearchParams(
    Object.fromEntries(all.map(([name, value]) => [tagText(name, 128), tagText(value, 256)])),
  ).toString();
}

const tagText = (text: string, length: number): string =>
  text.replaceAll(/[^A-Za-z0-9 +\-=._:/@]/g, '_').slice(0, length);

/** The two kinds that lifecycle rules and permissions distinguish. */
function objectKind(key: string): 'recording' | 'profile' {
  return key.startsWith('recordings/') ? 'recording' : 'profile';
}

/**
 * Pictures open in the browser, recordings are saved. The file name includes the capture, as a download folder
 * does not keep the bucket's folders. Keys hold no character that would need quoting.
 */
export function dispositionOf(key: string): string {
  const [capture = 'flamepin', name = key] = key.split('/').slice(-2);
  return `${objectKind(key) === 'recording' ? 'attachment' : 'inline'}; filename="${capture}-${name}"`;
}
