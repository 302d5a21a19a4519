import { chunkHeaderBytes, type Chunk } from './chunk.ts';
import { Cursor, damaged } from './cursor.ts';
import type { Records, Value, WantedFields } from './record.ts';
import type { Schema } from './schema.ts';

/** Constants by key; each holds the wanted fields in their slots. */
export type Pool = ReadonlyMap<number, readonly Value[]>;

/** Type number of a checkpoint, the event that carries constants. */
export const checkpointType = 1;

/** A JDK recording has one checkpoint per flush, every second; this bounds hostile chains. */
const maximumCheckpoints = 100_000;

/** The strings that other values refer to. */
export const stringClass = 'java.lang.String';

/** The wanted constant pools of one chunk. */
export class Pools {
  private readonly pools = new Map<string, Map<number, Value[]>>();
  private readonly schema: Schema;
  private readonly records: Records;
  private readonly wanted: Readonly<Record<string, WantedFields>>;
  private readonly onString: ((key: number, cursor: Cursor) => void) | undefined;
  private readonly readers = new Map<number, (cursor: Cursor) => void>();

  /**
   * `onString` is called with the cursor in front of each entry of the pool of strings, and then the strings are not
   * kept.
   */
  constructor(
    schema: Schema,
    records: Records,
    wanted: Readonly<Record<string, WantedFields>>,
    onString?: (key: number, cursor: Cursor) => void,
  ) {
    this.onString = onString;
    this.schema = schema;
    this.records = records;
    this.wanted = wanted;
  }

  pool(className: string): Pool {
    return this.pools.get(className) ?? new Map<number, Value[]>();
  }

  /** The text of a slot that holds a string or the number of one; null when there is none. */
  text(value: Value | undefined): string | null {
    if (typeof value === 'string') return value;
    if (typeof value !== 'number') return null;
    const text = this.pools.get(stringClass)?.get(value)?.[0];
    return typeof text === 'string' ? text : null;
  }

  /** Follows the chain of checkpoints from newest to oldest. Throws EndOfBytes when it is truncated. */
  readChain(recording: Buffer, chunk: Chunk): void {
    const seen = new Set<number>();
    let offset = chunk.checkpoint;
    let unread = chunk.end - chunk.start;
    for (;;) {
      if (seen.has(offset) || seen.size > maximumCheckpoints) throw damaged('checkpoints in a circle');
      seen.add(offset);
      const cursor = new Cursor(recording, offset, chunk.end, chunk.compressed);
      const delta = this.readCheckpoint(cursor);
      // Ten thousand that each cover the rest of the chunk would be read for hours.
      unread -= cursor.at - offset;
      if (unread < 0) throw damaged('checkpoints that overlap');
      if (delta === 0) return;
      offset += delta;
      if (offset < chunk.start + chunkHeaderBytes || offset >= chunk.end)
        throw damaged('a checkpoint outside its chunk');
    }
  }

  /** Reads the checkpoint at the cursor; returns the distance to the one before it, 0 for none. */
  readCheckpoint(cursor: Cursor): number {
    const start = cursor.at;
    const size = cursor.integer(4);
    if (cursor.integer(8) !== checkpointType) throw damaged('no checkpoint where one should be');
    if (size > 0) cursor.end = Math.min(cursor.end, start + size);
    cursor.skipInteger(8); // start time
    cursor.skipInteger(8); // duration
    const delta = cursor.integer(8);
    cursor.skip(1); // why it was written
    for (let left = cursor.count('pools'); left > 0; left--) {
      const type = cursor.integer(8);
      const read = this.reader(type);
      for (let entries = cursor.count('constants'); entries > 0; entries--) read(cursor);
    }
    return delta;
  }

  private reader(type: number): (cursor: Cursor) => void {
    const known = this.readers.get(type);
    if (known !== undefined) return known;
    const reader = this.makeReader(type);
    this.readers.set(type, reader);
    return reader;
  }

  private makeReader(type: number): (cursor: Cursor) => void {
    const described = this.schema.byId.get(type);
    if (described === undefined) throw damaged(`constants of an unknown class ${type}`);
    const entries = new Map<number, Value[]>();
    this.pools.set(described.name, entries);
    if (described.name === stringClass) {
      return (cursor) => {
        const key = cursor.integer(8);
        if (this.onString === undefined) entries.set(key, [cursor.text()]);
        else {
          this.onString(key, cursor);
          cursor.skipText();
        }
      };
    }
    const wanted = this.wanted[described.name];
    const read = this.records.compile(described, wanted ?? []);
    if (wanted === undefined) {
      return (cursor) => {
        cursor.skipInteger(8);
        read(cursor, []);
      };
    }
    return (cursor) => {
      const key = cursor.integer(8);
      const slots: Value[] = wanted.map(() => null);
      read(cursor, slots);
      entries.set(key, slots);
    };
  }
}
