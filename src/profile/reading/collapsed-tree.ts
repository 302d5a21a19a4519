import { Failure } from '../../reasons/failure.ts';
import type { Profile } from '../profile.ts';

/** Different stacks of one file, callers included; 16 times what 100,000 deep stacks need: about 800 MB. */
const maxNodes = 32 * 1024 * 1024;

/** By how many nodes the tree grows: a megabyte of memory. */
const step = 64 * 1024;

/** Children searched linearly; most nodes have one or two. */
const maxScanned = 8;

/** Frames are fewer than this, as their names are bounded. */
const frameSpan = 2 ** 28;

/**
 * The call tree of folded stacks, as it grows. Typed arrays: of 100,000 deep stacks it has millions of nodes.
 * Node 0 is the root. A node's children are a list, the latest first: in sorted input that is the one looked for, and
 * unlike a hash table a list costs nothing to grow.
 */
export class CollapsedTree {
  #size = 1;
  #capacity = step;
  readonly #parent = growing();
  readonly #frame = growing();
  /** First child and next sibling; 0 where there is none. */
  readonly #first = growing();
  readonly #next = growing();
  /** Nodes with more than `maxScanned` children, and these by node and frame. */
  readonly #wide = new Set<number>();
  readonly #wideChildren = new Map<number, number>();
  readonly #count = new Map<number, number>();

  /** The node of `frame` called by node `parent`, made when there is none. */
  child(parent: number, frame: number): number {
    let steps = 0;
    for (let node = this.#first[parent]!; node !== 0; node = this.#next[node]!) {
      if (this.#frame[node] === frame) return node;
      steps += 1;
      if (steps === maxScanned) return this.#wideChild(parent, frame);
    }
    return this.#append(parent, frame);
  }

  /** Adds samples whose innermost frame is `node`. */
  add(node: number, count: number): void {
    this.#count.set(node, (this.#count.get(node) ?? 0) + count);
  }

  /**
   * The `stacks` of a profile, and which of them have samples, without those below `leastShare` of all samples: theirs
   * count for their nearest caller above it. Nothing can be added afterwards.
   */
  columns(leastShare: number): { stacks: Profile['stacks']; stack: number[]; count: number[] } {
    const parents = this.#parent;
    const total = new Float64Array(this.#size);
    for (const [node, count] of this.#count) total[node] = count;
    for (let node = this.#size - 1; node > 0; node -= 1) total[parents[node]!]! += total[node]!;
    const least = total[0]! * leastShare;

    // Callers have smaller numbers: each caller's new number is known before it is asked for. It takes the place of
    // its list, which is not needed any more.
    const numbers = this.#first.fill(0);
    const stacks: Profile['stacks'] = { parent: [0], frame: [0], line: [0] };
    for (let node = 1; node < this.#size; node += 1) {
      const caller = numbers[parents[node]!]!;
      if (total[node]! < least) {
        numbers[node] = caller;
        continue;
      }
      numbers[node] = stacks.parent.push(caller) - 1;
      stacks.frame.push(this.#frame[node]!);
      stacks.line.push(0);
    }
    const counts = new Map<number, number>();
    for (const [node, count] of this.#count) {
      const number = numbers[node]!;
      counts.set(number, (counts.get(number) ?? 0) + count);
    }
    return { stacks, stack: [...counts.keys()], count: [...counts.values()] };
  }

  #wideChild(parent: number, frame: number): number {
    const key = (of: number): number => parent * frameSpan + of;
    if (!this.#wide.has(parent)) {
      this.#wide.add(parent);
      for (let node = this.#first[parent]!; node !== 0; node = this.#next[node]!)
        this.#wideChildren.set(key(this.#frame[node]!), node);
    }
    let node = this.#wideChildren.get(key(frame));
    if (node === undefined) {
      node = this.#append(parent, frame);
      this.#wideChildren.set(key(frame), node);
    }
    return node;
  }

  #append(parent: number, frame: number): number {
    const node = this.#size;
    if (node === maxNodes)
      throw new Failure('recording-damaged', { detail: `more than ${maxNodes} different stacks` });
    if (node === this.#capacity) this.#grow();
    this.#parent[node] = parent;
    this.#frame[node] = frame;
    this.#next[node] = this.#first[parent]!;
    this.#first[parent] = node;
    this.#size = node + 1;
    return node;
  }

  #grow(): void {
    this.#capacity += step;
    for (const column of [this.#parent, this.#frame, this.#first, this.#next])
      column.buffer.resize(this.#capacity * Int32Array.BYTES_PER_ELEMENT);
  }
}

/** A column that grows in place: the address space is reserved, memory is committed on use. */
function growing(): Int32Array<ArrayBuffer> {
  const bytes = Int32Array.BYTES_PER_ELEMENT;
  return new Int32Array(new ArrayBuffer(step * bytes, { maxByteLength: maxNodes * bytes }));
}
