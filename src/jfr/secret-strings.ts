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
 * Bounds for one chunk, because this runs inside flamepin: a chunk of the JDK has a checkpoint a second, and some hundred
 * properties, variables and flags.
 */
const maximumCheckpoints = 100_000;
const maximumSecrets = 100_000;

/**
 * Finds the strings of one chunk that must not be stored, those in the pool of strings included.
 * `readableUntil` is the end of the last event that was understood. Throws Failure `recording-damaged` when schema
 * or pools cannot be read, for then a secret may be anywhere.
 */
export function findSecretStrings(
  recording: Buffer,
  chunk: Chunk,
): { strings: SecretString[]; readableUntil: number } {
  const { metadata: found, checkpoints, end } = scanEvents(recording, chunk);
  const metadata = chunk.metadata > 0 ? chunk.metadata : found;
  if (metadata === undefined) {
    if (chunk.whole) throw damaged('no metadata');
    return { strings: [], readableUntil: chunk.start };
  }
  const schema = schemaAt(recording, chunk, metadata);
  if (schema === null) return { strings: [], readableUntil: chunk.start };
  const strings: SecretString[] = [];
  const pooled = new Map<number, Keep>();
  const readers = secretReaders(schema, strings, pooled);
  if (readers.size > 0) {
    eachEvent(recording, chunk, end, (event, type) => {
      const read = readers.get(type);
      if (read === undefined) return;
      damagedIfTruncated('an event that is too short for its fields', () => read(event, []));
      if (strings.length + pooled.size > maximumSecrets)
        throw damaged(`more than ${maximumSecrets} arguments, properties and variables`);
    });
  }
  if (pooled.size > 0) addPooledStrings({ recording, chunk, schema, checkpoints, pooled }, strings);
  return { strings, readableUntil: end };
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

interface EventScan {
  metadata: number | undefined;
  checkpoints: number[];
  /** Of the last whole event. */
  end: number;
}

function scanEvents(recording: Buffer, chunk: Chunk): EventScan {
  const scan: EventScan = { metadata: undefined, checkpoints: [], end: chunk.start + chunkHeaderBytes };
  scan.end = eachEvent(recording, chunk, chunk.end, (_event, type, start) => {
    if (type === metadataType) scan.metadata = start;
    if (type !== checkpointType) return;
    scan.checkpoints.push(start);
    if (scan.checkpoints.length > maximumCheckpoints)
      throw damaged(`more than ${maximumCheckpoints} checkpoints`);
  });
  if (scan.end < chunk.end && chunk.whole) throw damaged(`no event at byte ${scan.end}`);
  return scan;
}

/**
 * Passes each event to `visit` with a cursor in front of its fields, bounded to it, and moved on afterwards.
 * @returns where the last whole event ends
 */
function eachEvent(
  recording: Buffer,
  chunk: Chunk,
  until: number,
  visit: (event: Cursor, type: number, start: number) => void,
): number {
  const cursor = new Cursor(recording, chunk.start + chunkHeaderBytes, until, chunk.compressed);
  let done = cursor.at;
  while (done < until) {
    let type: number;
    try {
      const size = cursor.integer(4);
      type = cursor.integer(8);
      if (size <= cursor.at - done - 1 || done + size > until) return done;
      cursor.end = done + size;
    } catch (error) {
      if (error instanceof EndOfBytes) return done;
      throw error;
    }
    const { end } = cursor;
    visit(cursor, type, done);
    cursor.at = end;
    cursor.end = until;
    done = end;
  }
  return done;
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

interface PooledSecrets {
  recording: Buffer;
  chunk: Chunk;
  schema: Schema;
  checkpoints: readonly number[];
  pooled: ReadonlyMap<number, Keep>;
}

function addPooledStrings(
  { recording, chunk, schema, checkpoints, pooled }: PooledSecrets,
  strings: SecretString[],
): void {
  const pools = new Pools(schema, new Records(schema), {}, (key, cursor) => {
    const keep = pooled.get(key);
    if (keep !== undefined) strings.push({ at: cursor.at, keep });
    // A key may stand in every checkpoint.
    if (strings.length > 2 * maximumSecrets) throw damaged(`more than ${maximumSecrets} pooled secrets`);
  });
  for (const at of checkpoints) {
    damagedIfTruncated(`constants of ${stringClass} cut off`, () =>
      pools.readCheckpoint(new Cursor(recording, at, chunk.end, chunk.compressed)),
    );
  }
}

function damagedIfTruncated<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EndOfBytes) throw damaged(what);
    throw error;
  }
}
