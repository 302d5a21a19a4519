import { TextDecoder } from 'node:util';
import { Failure } from '../../reasons/failure.ts';

/** How much of a file is looked at to tell what it is, bytes. */
const headBytes = 64 * 1024;

/** First bytes of a text, and what it is then written in. */
const marks = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
] as const;

/** True for what is no text: JFR begins with `FLR` and NUL. A few bytes are left to the reader of recordings. */
export function isBinary(begin: Uint8Array): boolean {
  return begin.length < 4 || (encodingOf(begin) === 'utf-8' && begin.subarray(0, 4).includes(0));
}

/** Compressed with gzip: 1f 8b. */
export function isGzipped(begin: Uint8Array): boolean {
  return begin[0] === 0x1f && begin[1] === 0x8b;
}

/**
 * Pieces of a text file as UTF-8 without a byte order mark, as Windows' tools write UTF-16. Each is valid until the next
 * is asked for. Throws Failure `recording-damaged` for stacks in another tool's form, with its name.
 */
export function* stacksText(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let decoder: TextDecoder | null = null;
  let isFirst = true;
  for (let piece of pieces) {
    if (isFirst) {
      const encoding = encodingOf(piece);
      if (encoding !== 'utf-8') decoder = new TextDecoder(encoding);
      else if (startsWith(piece, marks[0].bytes)) piece = piece.subarray(marks[0].bytes.length);
    }
    const text = decoder === null ? piece : Buffer.from(decoder.decode(piece, { stream: true }));
    if (isFirst) refuseOtherForms(new TextDecoder().decode(text.subarray(0, headBytes)));
    isFirst = false;
    yield text;
  }
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, at) => bytes[at] === byte);
}

function encodingOf(begin: Uint8Array): (typeof marks)[number]['encoding'] {
  const marked = marks.find(({ bytes }) => startsWith(begin, bytes));
  if (marked !== undefined) return marked.encoding;
  // Without a mark: ASCII in two bytes each.
  const nul = [0, 1, 2, 3].map((at) => begin[at] === 0);
  if (nul[1] === true && nul[3] === true && nul[0] === false) return 'utf-16le';
  return nul[0] === true && nul[2] === true && nul[1] === false ? 'utf-16be' : 'utf-8';
}

/** `perf script`: a line for each sample (command, process, time, event), then its frames, an address each. */
const perfHeader = /^# (?:captured on|perf version|cmdline :)/m;
const perfSample = /^\S.*\s\d+(?:\/\d+)?\s+(?:\[\d+\]\s+)?\d+\.\d+:.*\n[ \t]+[0-9a-f]+ \S.*\(.*\)[ \t]*\r?$/m;

function refuseOtherForms(head: string): void {
  if (perfHeader.test(head) || perfSample.test(head))
    throw new Failure('recording-damaged', {
      detail:
        'this is the output of perf script; fold its stacks first, with stackcollapse-perf.pl or inferno-collapse-perf',
    });
}
