import { Failure } from '../reasons/failure.ts';

/** The bytes end before the value that is being read: the file is cut off here, or a length in it is wrong. */
export class EndOfBytes extends Error {
  override readonly name = 'EndOfBytes';
}

/** A recording that contradicts itself; `detail` says where. */
export function damaged(detail: string): Failure {
  return new Failure('recording-damaged', { detail });
}

/** How a string is written: the byte in front of it. */
export const stringEncoding = { null: 0, empty: 1, pooled: 2, utf8: 3, chars: 4, latin1: 5 } as const;

/**
 * Reads the primitive values of one chunk. Every read is checked against `end`, so no count or length in a hostile
 * file can make it leave the chunk or allocate more than the chunk's own bytes can fill.
 *
 * Whole numbers come as doubles: exact up to 2^53, which ids, counts, nanoseconds of a window and clock ticks of a
 * machine up for a month stay below; beyond it a tick or address loses only its lowest bits.
 */
export class Cursor {
  readonly bytes: Buffer;
  at: number;
  end: number;
  /** Whole numbers are LEB128 with at most nine bytes; otherwise of fixed width, big-endian. */
  readonly compressed: boolean;

  constructor(bytes: Buffer, at: number, end: number, compressed: boolean) {
    this.bytes = bytes;
    this.at = at;
    this.end = Math.min(end, bytes.length);
    this.compressed = compressed;
  }

  byte(): number {
    if (this.at >= this.end) throw new EndOfBytes();
    return this.bytes[this.at++]!;
  }

  skip(length: number): void {
    if (!(length >= 0) || length > this.end - this.at) throw new EndOfBytes();
    this.at += length;
  }

  /** One LEB128 number: seven bits a byte, the ninth byte holds eight; it is signed only when all nine are there. */
  varint(): number {
    const { bytes, end } = this;
    let at = this.at;
    if (at >= end) throw new EndOfBytes();
    let byte = bytes[at++]!;
    if (byte < 0x80) {
      this.at = at;
      return byte;
    }
    let low = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      if (at >= end) throw new EndOfBytes();
      byte = bytes[at++]!;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return low;
      }
    }
    let middle = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw new EndOfBytes();
      byte = bytes[at++]!;
      middle |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return middle * 0x10000000 + low;
      }
    }
    if (at >= end) throw new EndOfBytes();
    const high = (bytes[at++]! << 24) >> 24;
    this.at = at;
    return (high * 0x10000000 + middle) * 0x10000000 + low;
  }

  skipVarint(): void {
    const { bytes, end } = this;
    const last = Math.min(this.at + 9, end);
    let at = this.at;
    while (at < last) {
      if (bytes[at++]! < 0x80) {
        this.at = at;
        return;
      }
    }
    if (at - this.at < 9) throw new EndOfBytes();
    this.at = at;
  }

  /** A whole number whose fixed width would be `width` bytes (2, 4 or 8). */
  integer(width: number): number {
    if (this.compressed) return this.varint();
    const at = this.at;
    this.skip(width);
    if (width === 8) return this.bytes.readInt32BE(at) * 0x100000000 + this.bytes.readUInt32BE(at + 4);
    return width === 4 ? this.bytes.readInt32BE(at) : this.bytes.readInt16BE(at);
  }

  skipInteger(width: number): void {
    if (this.compressed) this.skipVarint();
    else this.skip(width);
  }

  /** The number of items that follow. Each takes at least a byte, so more than the bytes left is impossible. */
  count(what: string): number {
    const count = this.integer(4);
    if (count < 0) throw damaged(`${what}: a count of ${count}`);
    if (count > this.end - this.at) throw new EndOfBytes();
    return count;
  }

  float(): number {
    const at = this.at;
    this.skip(4);
    return this.bytes.readFloatBE(at);
  }

  double(): number {
    const at = this.at;
    this.skip(8);
    return this.bytes.readDoubleBE(at);
  }

  /**
   * A string, or the number of its entry in the pool of strings, or null.
   * @param maximum length that counts as a string: bytes, or characters where they are written as such
   */
  text(maximum = Infinity): string | number | null {
    const encoding = this.byte();
    switch (encoding) {
      case stringEncoding.null:
        return null;
      case stringEncoding.empty:
        return '';
      case stringEncoding.pooled:
        return this.integer(8);
      case stringEncoding.utf8:
      case stringEncoding.latin1: {
        const bytes = this.textLength(maximum);
        const at = this.at;
        this.at += bytes;
        return this.bytes.toString(encoding === stringEncoding.utf8 ? 'utf8' : 'latin1', at, this.at);
      }
      case stringEncoding.chars: {
        const parts: string[] = [];
        for (let left = this.textLength(maximum); left > 0; left--)
          parts.push(String.fromCharCode(this.integer(2) & 0xffff));
        return parts.join('');
      }
      default:
        throw damaged(`unknown string encoding ${encoding}`);
    }
  }

  private textLength(maximum: number): number {
    const length = this.count('string');
    if (length > maximum) throw damaged(`a string of ${length} bytes`);
    return length;
  }

  skipText(): void {
    const encoding = this.byte();
    switch (encoding) {
      case stringEncoding.null:
      case stringEncoding.empty:
        return;
      case stringEncoding.pooled:
        this.skipInteger(8);
        return;
      case stringEncoding.utf8:
      case stringEncoding.latin1:
        this.skip(this.count('string'));
        return;
      case stringEncoding.chars: {
        const length = this.count('string');
        for (let i = 0; i < length; i++) this.skipInteger(2);
        return;
      }
      default:
        throw damaged(`unknown string encoding ${encoding}`);
    }
  }
}
