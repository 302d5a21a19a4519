import { Failure } from '../reasons/failure.ts';
import { chunkHeaderBytes, readChunks, type Chunk } from './chunk.ts';
import { Cursor, damaged, EndOfBytes } from './cursor.ts';
import { checkpointType, Pools } from './pools.ts';
import { Records, type Value, type WantedFields } from './record.ts';
import { Schemas, type Schema } from './schema.ts';

/** Reads events of one kind: `fields` in the order of the slots passed to `visit`. The slots are reused. */
export interface EventReader {
  fields: WantedFields;
  visit: (slots: readonly Value[]) => void;
}

const metadataType = 0;

/** One chunk, with its schema and constants read and its events not yet. */
export class OpenChunk {
  readonly header: Chunk;
  readonly schema: Schema;
  readonly pools: Pools;
  private readonly recording: Buffer;
  private readonly records: Records;

  private constructor(recording: Buffer, header: Chunk, schema: Schema, records: Records, pools: Pools) {
    this.recording = recording;
    this.header = header;
    this.schema = schema;
    this.records = records;
    this.pools = pools;
  }

  /**
   * Reads schema and constants. Returns null for a chunk that is cut off before either was written.
   * Throws Failure `recording-damaged` when a chunk that should be whole is not.
   */
  static open(
    recording: Buffer,
    header: Chunk,
    constants: Readonly<Record<string, WantedFields>>,
    schemas: Schemas,
  ): OpenChunk | null {
    return nullIfTruncated(header, () => {
      const found = header.whole ? null : walk(recording, header);
      const metadata = header.metadata > 0 ? header.metadata : found?.metadata;
      if (metadata === undefined) return null;
      const schema = schemas.read(new Cursor(recording, metadata, header.end, header.compressed));
      const records = new Records(schema);
      const pools = new Pools(schema, records, constants);
      if (found === null) {
        pools.readChain(recording, header);
      } else {
        // The header of an unfinished chunk may name an older checkpoint or none: take all that can be found.
        const starts = new Set(found.checkpoints);
        if (header.checkpoint > 0) starts.add(header.checkpoint);
        if (starts.size === 0) return null;
        for (const start of starts) {
          nullIfTruncated(header, () =>
            pools.readCheckpoint(new Cursor(recording, start, header.end, header.compressed)),
          );
        }
      }
      return new OpenChunk(recording, header, schema, records, pools);
    });
  }

  /**
   * Passes every event that has a reader to it, in the order of the file. Returns false when the chunk was cut off
   * before its end. Throws Failure `recording-damaged` for events that do not hold together.
   */
  readEvents(readers: Readonly<Record<string, EventReader>>): boolean {
    const byType = new Map<number, { read: (cursor: Cursor) => void }>();
    for (const [name, reader] of Object.entries(readers)) {
      const described = this.schema.byName.get(name);
      if (described === undefined) continue;
      const slots: Value[] = reader.fields.map(() => null);
      const record = this.records.compile(described, reader.fields);
      byType.set(described.id, {
        read: (cursor) => {
          record(cursor, slots);
          reader.visit(slots);
        },
      });
    }
    const { recording, header } = this;
    const cursor = new Cursor(recording, header.start + chunkHeaderBytes, header.end, header.compressed);
    const done = nullIfTruncated(header, () => {
      while (cursor.at < header.end) {
        const start = cursor.at;
        const size = cursor.integer(4);
        const type = cursor.integer(8);
        if (size <= cursor.at - start - 1) throw damaged(`an event of ${size} bytes`);
        if (start + size > header.end) throw new EndOfBytes();
        const reader = byType.get(type);
        if (reader !== undefined) {
          cursor.end = start + size;
          reader.read(cursor);
          cursor.end = header.end;
        }
        cursor.at = start + size;
      }
      return true;
    });
    return done === true && header.whole;
  }
}

/** Opens the chunks of a recording one by one, so that only one chunk's constants are in memory at a time. */
export function* openChunks(
  recording: Buffer,
  constants: Readonly<Record<string, WantedFields>>,
): Generator<OpenChunk | null> {
  const { chunks, rest } = readChunks(recording);
  const schemas = new Schemas();
  for (const chunk of chunks) yield OpenChunk.open(recording, chunk, constants, schemas);
  if (rest) yield null;
}

/** Finds metadata and checkpoints in a chunk whose header does not (reliably) say where they are. */
function walk(recording: Buffer, header: Chunk): { metadata: number | undefined; checkpoints: number[] } {
  let metadata: number | undefined;
  const checkpoints: number[] = [];
  const cursor = new Cursor(recording, header.start + chunkHeaderBytes, header.end, header.compressed);
  nullIfTruncated(header, () => {
    while (cursor.at < header.end) {
      const start = cursor.at;
      const size = cursor.integer(4);
      const type = cursor.integer(8);
      if (size <= 0) return;
      if (type === metadataType) metadata = start;
      if (type === checkpointType) checkpoints.push(start);
      if (start + size > header.end) return;
      cursor.at = start + size;
    }
  });
  return { metadata, checkpoints };
}

/** Running out of bytes is expected in a truncated chunk, and damage in a whole one. */
function nullIfTruncated<T>(header: Chunk, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!header.whole && (error instanceof EndOfBytes || error instanceof Failure)) return null;
    if (error instanceof EndOfBytes)
      throw damaged(`a length that leads out of the chunk at byte ${header.start}`);
    throw error;
  }
}
