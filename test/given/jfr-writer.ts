/**
 * Writes small recordings by hand, for what real JVMs do not write any more (uncompressed numbers) or never do
 * (lengths that lie). Strings are written in whatever encoding is asked for.
 */
export class JfrWriter {
  private bytes = Buffer.alloc(256);
  private used = 0;
  readonly compressed: boolean;

  constructor(compressed: boolean) {
    this.compressed = compressed;
  }

  get length(): number {
    return this.used;
  }

  raw(...bytes: number[]): this {
    this.makeRoom(bytes.length);
    for (const byte of bytes) this.bytes[this.used++] = byte & 0xff;
    return this;
  }

  /** The same bytes so many times. */
  repeat(bytes: Uint8Array, times: number): this {
    this.makeRoom(bytes.length * times);
    this.bytes.fill(bytes, this.used, this.used + bytes.length * times);
    this.used += bytes.length * times;
    return this;
  }

  /** A whole number of the class `width` bytes wide. */
  integer(value: number | bigint, width: 2 | 4 | 8): this {
    if (!this.compressed) {
      for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) {
        this.raw(Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(shift)) & 0xffn));
      }
      return this;
    }
    if (value >= 0 && value < 0x80) return this.raw(Number(value));
    let left = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < 8; i++) {
      if (left < 0x80n) return this.raw(Number(left));
      this.raw(Number(left & 0x7fn) | 0x80);
      left >>= 7n;
    }
    return this.raw(Number(left));
  }

  text(text: string, encoding: 'utf8' | 'latin1' | 'chars' = 'utf8'): this {
    if (encoding === 'chars') {
      this.raw(4).integer(text.length, 4);
      for (let i = 0; i < text.length; i++) this.integer(text.charCodeAt(i), 2);
      return this;
    }
    const bytes = Buffer.from(text, encoding);
    return this.raw(encoding === 'utf8' ? 3 : 5)
      .integer(bytes.length, 4)
      .repeat(bytes, 1);
  }

  /** The number of a string in the pool. */
  pooledText(key: number): this {
    return this.raw(2).integer(key, 8);
  }

  /** Puts the length in front: four bytes, padded, so that it does not change with what it counts. */
  event(type: number, body: (writer: JfrWriter) => void): this {
    const inner = new JfrWriter(this.compressed);
    inner.integer(type, 8);
    body(inner);
    const size = inner.length + 4;
    if (this.compressed) this.raw(size | 0x80, (size >> 7) | 0x80, (size >> 14) | 0x80, size >> 21);
    else this.integer(size, 4);
    return this.repeat(inner.buffer(), 1);
  }

  /** What was written so far. */
  buffer(): Buffer {
    return this.bytes.subarray(0, this.used);
  }

  private makeRoom(more: number): void {
    if (this.used + more <= this.bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.used + more, this.bytes.length * 2));
    larger.set(this.buffer());
    this.bytes = larger;
  }
}

export interface WrittenClass {
  id: number;
  name: string;
  fields?: readonly { name: string; type: number; pooled?: boolean; array?: boolean }[];
}

export interface WrittenChunk {
  compressed: boolean;
  classes: readonly WrittenClass[];
  /** Events, and checkpoints apart from the last, in the order of the file. */
  events: (writer: JfrWriter) => void;
  /** Pools of the last checkpoint: how many, and their bytes. */
  pools: { count: number; write: (writer: JfrWriter) => void };
  /** Distance to the checkpoint before it. */
  delta?: number;
}

/** One whole chunk of a window of 2 s that begins at tick 0. */
export function writeChunk({ compressed, classes, events, pools, delta = 0 }: WrittenChunk): Buffer {
  const writer = new JfrWriter(compressed);
  writeMetadata(writer, classes);
  events(writer);
  const checkpoint = 68 + writer.length;
  writer.event(1, (inner) => {
    inner.integer(0, 8).integer(0, 8).integer(delta, 8).raw(1).integer(pools.count, 4);
    pools.write(inner);
  });
  const header = Buffer.alloc(68);
  header.write('FLR\0', 'latin1');
  header.writeUInt16BE(2, 4);
  header.writeBigInt64BE(BigInt(68 + writer.length), 8);
  header.writeBigInt64BE(BigInt(checkpoint), 16);
  header.writeBigInt64BE(68n, 24);
  header.writeBigInt64BE(1_700_000_000_000_000_000n, 32);
  header.writeBigInt64BE(2_000_000_000n, 40);
  header.writeBigInt64BE(0n, 48);
  header.writeBigInt64BE(1_000_000_000n, 56);
  header.writeUInt32BE(compressed ? 1 : 0, 64);
  return Buffer.concat([header, writer.buffer()]);
}

function writeMetadata(writer: JfrWriter, classes: readonly WrittenClass[]): void {
  const strings: string[] = [];
  const string = (text: string) => {
    if (!strings.includes(text)) strings.push(text);
    return strings.indexOf(text);
  };
  const tree = new JfrWriter(writer.compressed);
  const element = (name: string, attributes: Record<string, string>, children: readonly (() => void)[]) => {
    tree.integer(string(name), 4).integer(Object.keys(attributes).length, 4);
    for (const [key, value] of Object.entries(attributes))
      tree.integer(string(key), 4).integer(string(value), 4);
    tree.integer(children.length, 4);
    for (const child of children) child();
  };
  const field =
    ({ name, type, pooled = false, array = false }: NonNullable<WrittenClass['fields']>[number]) =>
    () =>
      element(
        'field',
        {
          name,
          class: String(type),
          ...(pooled ? { constantPool: 'true' } : {}),
          ...(array ? { dimension: '1' } : {}),
        },
        [],
      );
  const described =
    ({ id, name, fields = [] }: WrittenClass) =>
    () =>
      element('class', { id: String(id), name }, fields.map(field));
  element('root', {}, [() => element('metadata', {}, classes.map(described))]);
  writer.event(0, (inner) => {
    inner.integer(0, 8).integer(0, 8).integer(1, 8).integer(strings.length, 4);
    for (const text of strings) inner.text(text);
    inner.repeat(tree.buffer(), 1);
  });
}
