/**
 * Numbers tuples of up to four whole numbers (32 bit) in the order in which they are first seen. An open hash table
 * over plain columns: a recording has hundreds of thousands of frames, and a Map over joined keys took five times
 * as long.
 */
export class Tuples {
  readonly columns: [number[], number[], number[], number[]] = [[], [], [], []];
  private table = new Int32Array(8192);

  get size(): number {
    return this.columns[0].length;
  }

  /** The number of the tuple, and whether it is new: then `size` has grown by one. */
  index(a: number, b: number, c = 0, d = 0): number {
    const { columns, table } = this;
    // Not as one pattern: that runs an iterator, and this runs once per sample.
    const as = columns[0];
    const bs = columns[1];
    const cs = columns[2];
    const ds = columns[3];
    const mask = table.length - 1;
    let at = hash(a, b, c, d) & mask;
    for (;;) {
      const found = table[at]! - 1;
      if (found < 0) break;
      if (as[found] === a && bs[found] === b && cs[found] === c && ds[found] === d) return found;
      at = (at + 1) & mask;
    }
    const number = as.length;
    as.push(a);
    bs.push(b);
    cs.push(c);
    ds.push(d);
    table[at] = number + 1;
    if (number * 2 > table.length) this.grow();
    return number;
  }

  private grow(): void {
    const table = new Int32Array(this.table.length * 2);
    const mask = table.length - 1;
    const [as, bs, cs, ds] = this.columns;
    for (let number = 0; number < as.length; number++) {
      let at = hash(as[number]!, bs[number]!, cs[number]!, ds[number]!) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = number + 1;
    }
    this.table = table;
  }
}

function hash(a: number, b: number, c: number, d: number): number {
  let value = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77);
  value = Math.imul(value ^ (value >>> 15), 0xc2b2ae3d) ^ Math.imul(c, 0x27d4eb2f) ^ Math.imul(d, 0x165667b1);
  value = Math.imul(value ^ (value >>> 13), 0x2c1b3c6d);
  return value ^ (value >>> 16);
}
