import { chunkHeaderBytes, type Chunk } from './chunk.ts';
import { Cursor, damaged, EndOfBytes, stringEncoding } from './cursor.ts';
import { keepJvmOptions, keepMainClass, keepNothing, type Keep } from './keep-rules.ts';
import { checkpointType, Pools, stringClass } from './pools.ts';
import { Records, type ReadRecord } from './record.ts';
import { Schemas, type Schema } from './schema.ts';

/** Where a string to be masked is written: the offset of its encoding byte. */
export interface SecretString {
  at: number;
  keep: Keep;
}

/**
 * Fields that carry what a JVM was started with, by their name in whatever event: async-profiler and the JDK use
 * the same names, and an event that a later version adds is covered with them. `value` is a secret only next to a
 * `key` or a flag's `name`: see `valueEvents`.
 */
const secretFields: ReadonlyMap<string, Keep> = new Map([
  ['jvmArguments', keepJvmOptions],
  ['jvmFlags', keepJvmOptions],
  ['javaArguments', keepMainClass],
  ['commandLine', keepNothing],
  ['cmdLine', keepNothing],
  ['command', keepNothing],
]);

/** Events whose `value`, `oldValue` and `newValue` are properties, variables or flags. */
const valueEvents =
  /^jdk\.(?:InitialSystemProperty|InitialEnvironmentVariable|SystemProperty|StringFlag|StringFlagChanged)$/;
const valueFields = new Set(['value', 'oldValue', 'newValue']);

const metadataType = 0;

/**
 * Finds the strings of one chunk that must not be stored, those in the pool of strings included.
 * `readableUntil` is the end of the last event that was understood. Throws Failure `recording-damaged` when schema
 * or pools cannot be read, for then a secret may be anywhere.
 */
export function findSecretStrings(
  recording: Buffer,
  chunk: Chunk,
): { strings: SecretString[]; readableUntil: number } {
  const events = listEvents(recording, chunk);
  const metadata = chunk.metadata > 0 ? chunk.metadata : events.metadata;
  if (metadata === undefined) {
    if (chunk.whole) throw damaged('no metadata');
    return { strings: [], readableUntil: chunk.start };
  }
  const schema = schemaAt(recording, chunk, metadata);
  if (schema === null) return { strings: [], readableUntil: chunk.start };
  const strings: SecretString[] = [];
  const pooled = new Map<number, Keep>();
  const readers = secretReaders(schema, strings, pooled);
  for (const { at, end, type } of events.list) {
    const read = readers.get(type);
    if (read === undefined) continue;
    const cursor = new Cursor(recording, at, end, chunk.compressed);
    damagedIfTruncated('an event that is too short for its fields', () => read(cursor, []));
  }
  if (pooled.size > 0) strings.push(...pooledStrings(recording, chunk, schema, events.checkpoints, pooled));
  return { strings, readableUntil: events.end };
}

function schemaAt(recording: Buffer, chunk: Chunk, metadata: number): Schema | null {
  try {
    return new Schemas().read(new Cursor(recording, metadata, chunk.end, chunk.compressed));
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    if (chunk.whole) throw damaged('metadata that leads out of its chunk');
    return null;
  }
}

interface EventList {
  list: { at: number; end: number; type: number }[];
  metadata: number | undefined;
  checkpoints: number[];
  end: number;
}

function listEvents(recording: Buffer, chunk: Chunk): EventList {
  const found: EventList = {
    list: [],
    metadata: undefined,
    checkpoints: [],
    end: chunk.start + chunkHeaderBytes,
  };
  const cursor = new Cursor(recording, found.end, chunk.end, chunk.compressed);
  try {
    while (cursor.at < chunk.end) {
      const start = cursor.at;
      const size = cursor.integer(4);
      const type = cursor.integer(8);
      if (size <= cursor.at - start - 1 || start + size > chunk.end) break;
      if (type === metadataType) found.metadata = start;
      else if (type === checkpointType) found.checkpoints.push(start);
      else found.list.push({ at: cursor.at, end: start + size, type });
      cursor.at = start + size;
      found.end = cursor.at;
    }
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
  }
  if (found.end < chunk.end && chunk.whole) throw damaged(`no event at byte ${found.end}`);
  return found;
}

function secretReaders(
  schema: Schema,
  strings: SecretString[],
  pooled: Map<number, Keep>,
): Map<number, ReadRecord> {
  const records = new Records(schema);
  const readers = new Map<number, ReadRecord>();
  for (const described of schema.byName.values()) {
    const keepOf = (field: string) =>
      secretFields.get(field) ??
      (valueEvents.test(described.name) && valueFields.has(field) ? keepNothing : undefined);
    if (!described.fields.some((field) => keepOf(field.name) !== undefined)) continue;
    if (!described.fields.some((field) => field.name === 'startTime')) continue;
    const onString = (field: string, cursor: Cursor) => {
      const keep = keepOf(field);
      const at = cursor.at;
      const pool = cursor.bytes[at] === stringEncoding.pooled;
      if (keep === undefined) cursor.skipText();
      else if (pool) pooled.set(Number(cursor.text()), keep);
      else {
        strings.push({ at, keep });
        cursor.skipText();
      }
    };
    const onKey = (field: string, key: number) => {
      const keep = keepOf(field);
      if (keep !== undefined) pooled.set(key, keep);
    };
    readers.set(described.id, records.compile(described, [], onString, onKey));
  }
  return readers;
}

function pooledStrings(
  recording: Buffer,
  chunk: Chunk,
  schema: Schema,
  checkpoints: readonly number[],
  pooled: ReadonlyMap<number, Keep>,
): SecretString[] {
  const strings: SecretString[] = [];
  const pools = new Pools(schema, new Records(schema), {}, (key, cursor) => {
    const keep = pooled.get(key);
    if (keep !== undefined) strings.push({ at: cursor.at, keep });
  });
  for (const at of checkpoints) {
    damagedIfTruncated(`constants of ${stringClass} cut off`, () =>
      pools.readCheckpoint(new Cursor(recording, at, chunk.end, chunk.compressed)),
    );
  }
  return strings;
}

function damagedIfTruncated<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EndOfBytes) throw damaged(what);
    throw error;
  }
}
