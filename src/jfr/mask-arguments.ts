import { chunkHeaderBytes, readChunks, type Chunk } from './chunk.ts';
import { Cursor, damaged, EndOfBytes, stringEncoding } from './cursor.ts';
import { findSecretStrings } from './secret-strings.ts';
import type { Keep } from './keep-rules.ts';

/**
 * Masks what a recording reveals about its JVM's start: arguments of the JVM and of main, system properties,
 * environment variables, command lines of processes, string values of flags. Every removed byte becomes
 * `*` in place, so all lengths and offsets hold and every JFR tool still opens the file.
 *
 * Kept, because operators need them and secrets are not passed there: heap and stack
 * sizes, `-XX` switches and numbers, the *names* of -D properties and of environment variables, and the main class
 * or jar (the first word of the Java arguments), which says what the application's own code is. Values of -D, the
 * arguments of main, classpaths and agents' options go, and so does every word that is not known to be harmless:
 * a value may hold blanks, so where one ends cannot be told. Not masked: what the application itself reveals at run
 * time: thread names, class names, messages of exceptions in recordings of the JDK.
 *
 * Changes `recording` itself. Throws Failure `recording-damaged` when it cannot be sure to have found them all;
 * nothing of such a recording may be stored. In a chunk that is cut off, what follows its last whole event is
 * blanked with zeros, for the piece of an event cannot be told from an argument.
 */
export function maskSecrets(recording: Buffer): void {
  const { chunks, rest } = readChunks(recording);
  for (const chunk of chunks) maskChunk(recording, chunk);
  const last = chunks.at(-1);
  if (rest && last !== undefined) recording.fill(0, last.end);
}

function maskChunk(recording: Buffer, chunk: Chunk): void {
  const found = findSecretStrings(recording, chunk);
  for (const { at, keep } of found.strings) {
    try {
      maskString(new Cursor(recording, at, chunk.end, chunk.compressed), keep);
    } catch (error) {
      if (error instanceof EndOfBytes) throw damaged('an argument that leads out of its chunk');
      throw error;
    }
  }
  if (found.readableUntil < chunk.end) {
    recording.fill(0, Math.max(found.readableUntil, chunk.start + chunkHeaderBytes), chunk.end);
  }
}

/** Of longer texts nothing is kept: this runs inside flamepin, and Linux passes no argument of more than 128 KiB. */
const longestKept = 2 ** 20;

function maskString(cursor: Cursor, keep: Keep): void {
  const { bytes } = cursor;
  const encoding = cursor.byte();
  switch (encoding) {
    case stringEncoding.utf8:
    case stringEncoding.latin1: {
      // Kept stretches are found in ASCII patterns only, so for both encodings one character stands for one byte.
      const length = cursor.count('string');
      if (length > longestKept) {
        bytes.fill(star, cursor.at, cursor.at + length);
        return;
      }
      const kept = keptOf(keep, bytes.toString('latin1', cursor.at, cursor.at + length));
      for (let i = 0; i < length; i++) if (kept[i] === 0) bytes[cursor.at + i] = star;
      return;
    }
    case stringEncoding.chars: {
      const length = cursor.count('string');
      const first = cursor.at;
      let text = '';
      if (length <= longestKept)
        for (let i = 0; i < length; i++) text += String.fromCharCode(cursor.integer(2) & 0xffff);
      const kept = keptOf(keep, text);
      cursor.at = first;
      for (let i = 0; i < length; i++) {
        const from = cursor.at;
        cursor.skipInteger(2);
        if (kept[i] !== 1) overwriteCharacter(cursor, from, cursor.at);
      }
      return;
    }
    default:
      return; // Null, empty, or the key of a pooled string, which is masked in the pool.
  }
}

const star = 0x2a;

/** One character of a character array: a padded LEB128 number, or two bytes, of the length that is there. */
function overwriteCharacter(cursor: Cursor, from: number, to: number): void {
  const { bytes } = cursor;
  if (cursor.compressed) {
    bytes.fill(0x80, from, to);
    bytes[to - 1] = 0;
    bytes[from] = to - from > 1 ? star | 0x80 : star;
  } else {
    bytes[from] = 0;
    bytes[to - 1] = star;
  }
}

/** 1 for each character that is kept. */
function keptOf(keep: Keep, text: string): Uint8Array {
  const kept = new Uint8Array(text.length);
  for (const [from, to] of keep(text)) kept.fill(1, from, to);
  return kept;
}
