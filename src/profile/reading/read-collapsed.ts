import { Failure } from '../../reasons/failure.ts';
import { FrameNames } from './frame-names.ts';
import type { Profile, ProfileEvent } from '../profile.ts';
import { CollapsedTree } from './collapsed-tree.ts';

/** Longest line, bytes: a stack of the JVM's 2,048 frames with names of 500 characters. */
const maxLineBytes = 1024 * 1024;

const semicolon = 0x3b;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;
const zero = 0x30;
const nine = 0x39;

/** Counts that tools write who weigh samples. */
const decimal = /^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** No count is longer, characters. */
const maxCountLength = 40;

/**
 * Reads stacks in the folded format: on each line the frames joined by `;`, outermost first, a blank or tab and the
 * samples, which may have a fraction. Takes the bytes piece by piece, so that a file of any size needs the memory of its different stacks
 * alone. Malformed lines are dropped and counted. Fastest on sorted lines, as most tools write them: the
 * prefix shared with the previous line is not parsed again.
 */
export class CollapsedReader {
  readonly #names = new FrameNames();
  readonly #tree = new CollapsedTree();
  #rest = new Uint8Array(0);
  /** Of the line before: its nodes by depth, and where each frame ends, counted from the line's begin. */
  #depth = 0;
  #nodes = new Int32Array(4096);
  #ends = new Int32Array(4096);
  #count = 0;
  #lines = 0;
  #strange = 0;
  /** Lines that end in two numbers. */
  #twice = 0;

  /** Reads the next bytes of the file. Throws Failure `recording-damaged` beyond what is kept of one file. */
  push(bytes: Uint8Array): void {
    let begin = 0;
    if (this.#rest.length > 0) {
      const end = bytes.indexOf(newline);
      this.#rest = joined(this.#rest, end < 0 ? bytes : bytes.subarray(0, end));
      this.#boundRest();
      if (end < 0) return;
      this.#restEnded();
      begin = end + 1;
    }
    const view = viewOf(bytes);
    let before = -1;
    for (;;) {
      const end = bytes.indexOf(newline, begin);
      if (end < 0) break;
      const stackEnd = this.#stackEnd(bytes, begin, end);
      if (stackEnd >= 0) {
        const same = before < 0 ? 0 : commonLength(view, before, begin, stackEnd - begin);
        this.#stack(bytes, view, begin, stackEnd, same);
        before = begin;
      }
      begin = end + 1;
    }
    // A copy: the caller fills its buffer anew.
    this.#rest = new Uint8Array(bytes.subarray(begin));
    this.#boundRest();
  }

  /**
   * What was read, as samples of `event`. The format tells neither time nor thread: the window has no length, and
   * what a sample stands for is the count itself. The reader takes nothing more afterwards.
   * @param leastShare stacks below this share of all samples are not told apart: their samples count for their
   * nearest caller above it. 0 keeps everything. A picture needs no more, and most of a large file is below.
   * Throws Failure `recording-damaged` when no line was one.
   */
  profile(event: ProfileEvent, leastShare = 0): Profile {
    if (this.#rest.length > 0) this.#restEnded();
    if (this.#lines === 0)
      throw new Failure('recording-damaged', { detail: 'neither a recording nor folded stacks' });
    if (this.#twice === this.#lines)
      throw new Failure('recording-damaged', {
        detail:
          'each line has two counts, as the difference of two profiles has; render one of the two that it was made of',
      });
    const { stacks, stack, count } = this.#tree.columns(leastShare);
    const none = stack.map(() => 0);
    const bytes = event === 'alloc' || event === 'live' || event === 'nativemem';
    return {
      version: 1,
      startedAt: 0,
      durationSeconds: 0,
      partial: false,
      engine: null,
      mainClass: null,
      jvm: null,
      frames: this.#names.columns(),
      stacks,
      threads: [],
      events: {
        [event]: {
          unit: bytes ? 'bytes' : 'nanoseconds',
          interval: 0,
          samples: { stack, thread: none, state: none, slot: none, count, value: count },
        },
      },
      gcPauses: [],
      cpuLoad: [],
      warnings:
        this.#strange === 0 ? [] : [`${this.#strange} lines are left out: they are not folded stacks.`],
    };
  }

  #restEnded(): void {
    const line = this.#rest;
    this.#rest = new Uint8Array(0);
    const stackEnd = this.#stackEnd(line, 0, line.length);
    if (stackEnd >= 0) this.#stack(line, viewOf(line), 0, stackEnd, 0);
  }

  /** Where the stack of the line between two offsets ends, its count kept; -1 when it is none. */
  #stackEnd(bytes: Uint8Array, from: number, to: number): number {
    const end = withoutBlanks(bytes, from, to);
    if (end === from) return -1;
    let count = 0;
    let scale = 1;
    let at = end - 1;
    for (; at > from && isDigit(bytes[at]!); at -= 1, scale *= 10) count += (bytes[at]! - zero) * scale;
    if (!isBlank(bytes[at]!)) {
      // Rare enough to be slow: a fraction, an exponent, or no count at all.
      while (at > from && !isBlank(bytes[at]!)) at -= 1;
      const written =
        end - at > maxCountLength ? '' : Buffer.from(bytes.subarray(at + 1, end)).toString('latin1');
      count = decimal.test(written) ? Number(written) : NaN;
    } else if (at === end - 1 || !Number.isSafeInteger(count)) count = NaN;
    const stackEnd = withoutBlanks(bytes, from, at);
    if (stackEnd === from || !Number.isFinite(count)) {
      this.#strange += 1;
      return -1;
    }
    this.#lines += 1;
    this.#count = count;
    let before = stackEnd - 1;
    while (before > from && isDigit(bytes[before]!)) before -= 1;
    if (before < stackEnd - 1 && isBlank(bytes[before]!)) this.#twice += 1;
    return stackEnd;
  }

  /** Adds a stack whose first `same` bytes are those of the line before. */
  #stack(bytes: Uint8Array, view: DataView, from: number, to: number, same: number): void {
    let depth = same === 0 ? 0 : this.#depth;
    // A frame is shared when the `;` behind it is.
    while (depth > 0 && this.#ends[depth - 1]! >= same) depth -= 1;
    let node = depth === 0 ? 0 : this.#nodes[depth - 1]!;
    let begin = depth === 0 ? from : from + this.#ends[depth - 1]! + 1;
    for (let at = begin; at <= to; at += 1) {
      if (at !== to && view.getUint8(at) !== semicolon) continue;
      if (at > begin) {
        node = this.#tree.child(node, this.#names.number(bytes, view, begin, at));
        if (depth === this.#nodes.length) this.#deepen();
        this.#nodes[depth] = node;
        this.#ends[depth] = at - from;
        depth += 1;
      }
      begin = at + 1;
    }
    this.#depth = depth;
    this.#tree.add(node, this.#count);
  }

  #deepen(): void {
    const nodes = new Int32Array(this.#nodes.length * 2);
    nodes.set(this.#nodes);
    this.#nodes = nodes;
    const ends = new Int32Array(this.#ends.length * 2);
    ends.set(this.#ends);
    this.#ends = ends;
  }

  #boundRest(): void {
    if (this.#rest.length > maxLineBytes)
      throw new Failure('recording-damaged', { detail: `a line of more than ${maxLineBytes} bytes` });
  }
}

const isDigit = (byte: number): boolean => byte >= zero && byte <= nine;
const isBlank = (byte: number): boolean => byte === space || byte === tab;

/** Where a line ends without the blanks, and the carriage return, behind it. */
function withoutBlanks(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && (isBlank(bytes[end - 1]!) || bytes[end - 1] === carriageReturn)) end -= 1;
  return end;
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** How many bytes from two offsets on are the same, at most `most`. */
function commonLength(view: DataView, left: number, right: number, most: number): number {
  let same = 0;
  while (same + 4 <= most && view.getInt32(left + same) === view.getInt32(right + same)) same += 4;
  while (same < most && view.getUint8(left + same) === view.getUint8(right + same)) same += 1;
  return same;
}
