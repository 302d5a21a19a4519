/**
 * Grows a tree of (parent, frame) nodes in typed arrays: objects would cost a 100,000-stack profile ten times the
 * memory. A parent's number is always smaller than its child's.
 */
export class TreeBuilder {
  size = 0;
  parent = new Int32Array(1024);
  frame = new Int32Array(1024);
  /** Weight and samples that end in the node itself. */
  weight = new Float64Array(1024);
  samples = new Float64Array(1024);
  /** Open addressing: node + 1, or 0 where free; at most half full. */
  #slots = new Int32Array(4096);

  /** Adds node 0, its own parent. */
  constructor(rootFrame: number) {
    this.#append(0, rootFrame);
  }

  /** The child of `parent` for `frame`, made when there is none. */
  child(parent: number, frame: number): number {
    const mask = this.#slots.length - 1;
    let slot = spread(parent, frame) & mask;
    for (;;) {
      const held = this.#slots[slot]!;
      if (held === 0) break;
      if (this.parent[held - 1] === parent && this.frame[held - 1] === frame) return held - 1;
      slot = (slot + 1) & mask;
    }
    const node = this.#append(parent, frame);
    this.#slots[slot] = node + 1;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return node;
  }

  /** Adds weight and samples that end in `node`. */
  add(node: number, weight: number, samples: number): void {
    this.weight[node]! += weight;
    this.samples[node]! += samples;
  }

  #append(parent: number, frame: number): number {
    const node = this.size;
    if (node === this.parent.length) this.#grow();
    this.parent[node] = parent;
    this.frame[node] = frame;
    this.size = node + 1;
    return node;
  }

  #grow(): void {
    const capacity = this.parent.length * 2;
    this.parent = copied(new Int32Array(capacity), this.parent);
    this.frame = copied(new Int32Array(capacity), this.frame);
    this.weight = copied(new Float64Array(capacity), this.weight);
    this.samples = copied(new Float64Array(capacity), this.samples);
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let node = 1; node < this.size; node += 1) {
      let slot = spread(this.parent[node]!, this.frame[node]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node + 1;
    }
    this.#slots = slots;
  }
}

function spread(parent: number, frame: number): number {
  const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(frame, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function copied<T extends Int32Array | Float64Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
