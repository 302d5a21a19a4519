import { Failure } from '../../reasons/failure.ts';
import { frameTypes, type FrameType } from '../sampling.ts';

/** Names kept of one file, bytes: a JVM with 100,000 methods has about 10 MB of them. */
const maxBytes = 256 * 1024 * 1024;

/** How async-profiler's converter writes a frame's type behind its name. */
const typeBySuffix: Readonly<Record<string, FrameType>> = {
  '_[0]': 'interpreted',
  '_[j]': 'jit',
  '_[i]': 'inlined',
  '_[k]': 'kernel',
  '_[1]': 'c1',
};

/** Go alone writes receivers, closures and its runtime's entry points so. */
const goFunction =
  /\.\(\*[\w.[\]]+\)|\.func\d+(?:\.\d+)*$|^runtime\.(?:goexit|main|mcall|mstart)\b|^main\.main$/;

/** A method of Java beyond doubt: classes begin with a capital. */
const javaClass = /^(?:[\w$-]+\/)+[A-Z_$][^/.\s]*\.[^./\s]+$/;

/** `com/acme/Checkout.price`, also with a lambda's or array's signs; no path of a library. */
const javaMethod = /^[^/\s][^\s]*\/[^/\s]*\.[^./\s]+$/;

/**
 * Numbers the frames of folded stacks by the bytes of their names, so that a name is decoded once and not in each of
 * thousands of lines. Frame 0 is the root's, with the name ''.
 */
export class FrameNames {
  #bytes = new Uint8Array(64 * 1024);
  #view = new DataView(this.#bytes.buffer);
  /** Where each name ends in `#bytes`; the next begins there. */
  #ends: number[] = [0];
  /** Open addressing: number of a frame, or 0 where free; at most half full. */
  #slots = new Int32Array(4096);

  /** The number of the frame whose name lies between two offsets of `bytes`, whose view is `view`. */
  number(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(view, from, to) & mask;
    for (let known = this.#slots[slot]!; known !== 0; known = this.#slots[slot]!) {
      if (this.#is(known, view, from, to)) return known;
      slot = (slot + 1) & mask;
    }
    const number = this.#append(bytes.subarray(from, to));
    this.#slots[slot] = number;
    if (number * 2 > this.#slots.length) this.#rehash();
    return number;
  }

  /** The `frames` of a profile. Types are told by the converter's suffix, else by the form of the name. */
  columns(): { name: string[]; type: number[] } {
    const decoder = new TextDecoder();
    const name = [''];
    const type = [0];
    const untyped: number[] = [];
    for (let number = 1; number < this.#ends.length; number += 1) {
      const written = decoder.decode(this.#bytes.subarray(this.#ends[number - 1], this.#ends[number]));
      const suffixed = typeBySuffix[written.slice(-4)];
      const plain = suffixed === undefined ? written : written.slice(0, -4);
      name.push(plain);
      type.push(frameTypes.indexOf(suffixed ?? typeByForm(plain)));
      if (suffixed === undefined) untyped.push(number);
    }
    // `net/http.serve` is a method of Java or a function of Go: the other names tell which.
    if (untyped.some((number) => goFunction.test(name[number]!)))
      for (const number of untyped)
        if (!javaClass.test(name[number]!)) type[number] = frameTypes.indexOf('native');
    return { name, type };
  }

  #is(number: number, view: DataView, from: number, to: number): boolean {
    const begin = this.#ends[number - 1]!;
    if (this.#ends[number]! - begin !== to - from) return false;
    const shift = begin - from;
    const own = this.#view;
    let at = from;
    for (; at + 4 <= to; at += 4) if (own.getInt32(at + shift) !== view.getInt32(at)) return false;
    for (; at < to; at += 1) if (own.getUint8(at + shift) !== view.getUint8(at)) return false;
    return true;
  }

  #append(name: Uint8Array): number {
    const begin = this.#ends.at(-1)!;
    const end = begin + name.length;
    if (end > maxBytes)
      throw new Failure('recording-damaged', { detail: `more than ${maxBytes} bytes of frame names` });
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#bytes.set(name, begin);
    return this.#ends.push(end) - 1;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 1; number < this.#ends.length; number += 1) {
      let slot = hashOf(this.#view, this.#ends[number - 1]!, this.#ends[number]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number;
    }
    this.#slots = slots;
  }
}

function typeByForm(name: string): FrameType {
  if (javaMethod.test(name)) return 'jit';
  return name.includes('::') || name.endsWith(')') ? 'cpp' : 'native';
}

/** As FNV-1a, but four bytes at a time; the low bits are made to depend on all. */
function hashOf(view: DataView, from: number, to: number): number {
  let hash = 0x811c9dc5 ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) hash = Math.imul(hash ^ view.getInt32(at), 0x9e3779b1);
  for (; at < to; at += 1) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca77);
  return hash ^ (hash >>> 13);
}
