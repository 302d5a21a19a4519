import { type Cursor, damaged } from './cursor.ts';
import type { JfrClass, JfrField, Schema } from './schema.ts';

/**
 * What is wanted of a structure: fields by name in the order of their slots; an array of structures is given with
 * the fields of its rows, and its slot holds the rows' values one after the other.
 */
export type WantedFields = readonly (string | { rows: string; fields: readonly string[] })[];

/** A slot: a number (keys of pools included), a string, the number of a pooled string, rows, or nothing. */
export type Value = number | string | null | number[];

/** Reads one structure at the cursor into `slots`; slots of fields that the schema lacks keep what they hold. */
export type ReadRecord = (cursor: Cursor, slots: Value[]) => unknown;

/** Called with the cursor in front of a string field, which it must read or skip: how masking finds its bytes. */
export type OnString = (field: string, cursor: Cursor) => void;

/** Called with the number of a pooled string in a string field. */
export type OnStringKey = (field: string, key: number) => void;

/** Most fields are integers. They are described by width, as a function call for each would take half of the reading time. */
type Step = ReadRecord | { width: number; slot: number };

const integerWidths: ReadonlyMap<string, number> = new Map([
  ['short', 2],
  ['char', 2],
  ['int', 4],
  ['long', 8],
]);

/** Inline structures nest two or three deep. */
const maximumDepth = 8;

/** Compiles readers against one schema. Structures are compiled once each, so a hostile schema cannot fan out. */
export class Records {
  private readonly schema: Schema;
  private readonly skips = new Map<number, ReadRecord | 'being compiled'>();
  private depth = 0;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  /**
   * The reader of one class. Fields that nobody wants, also those that later versions add, are skipped by their
   * type. Throws Failure `recording-damaged` when the schema does not hold together.
   */
  compile(described: JfrClass, wanted: WantedFields, onString?: OnString, onKey?: OnStringKey): ReadRecord {
    const steps: Step[] = [];
    for (const field of described.fields) {
      const slot = wanted.findIndex((one) => (typeof one === 'string' ? one : one.rows) === field.name);
      const want = wanted[slot];
      if (want !== undefined && typeof want !== 'string') steps.push(this.rows(field, want.fields, slot));
      else if (field.array) steps.push(arrayOf(this.value(field, -1, onString, onKey), field.name));
      else steps.push(this.value(field, slot, onString, onKey));
    }
    // A structure without fields takes no bytes: left out here, or nested ones could keep a reader busy for ever.
    const taken = steps.filter((step) => step !== skipNothing);
    if (taken.length === 0) return skipNothing;
    return (cursor, slots) => {
      for (let at = 0; at < taken.length; at += 1) {
        const step = taken[at]!;
        if (typeof step === 'function') step(cursor, slots);
        else if (step.slot < 0) cursor.skipInteger(step.width);
        else slots[step.slot] = cursor.integer(step.width);
      }
    };
  }

  private rows(field: JfrField, names: readonly string[], slot: number): Step {
    const row = this.schema.byId.get(field.type);
    if (!field.array || field.pooled || row === undefined) {
      throw damaged(`${field.name} is not an array of structures`);
    }
    const read = this.compile(row, names);
    if (read === skipNothing) throw damaged(`${field.name} is an array of nothing`);
    const values: Value[] = names.map(() => 0);
    return (cursor, slots) => {
      const rows: number[] = [];
      for (let left = cursor.count(field.name); left > 0; left--) {
        read(cursor, values);
        for (let at = 0; at < values.length; at += 1) {
          const value = values[at];
          rows.push(typeof value === 'number' ? value : 0);
        }
      }
      slots[slot] = rows;
    };
  }

  private value(field: JfrField, slot: number, onString?: OnString, onKey?: OnStringKey): Step {
    const type = this.schema.byId.get(field.type);
    if (field.pooled) {
      return onKey !== undefined && type?.name === 'java.lang.String'
        ? (cursor) => onKey(field.name, cursor.integer(8))
        : { width: 8, slot };
    }
    if (type === undefined) throw damaged(`field ${field.name} of an unknown class`);
    const width = integerWidths.get(type.name);
    if (width !== undefined) return { width, slot };
    switch (type.name) {
      case 'byte':
      case 'boolean':
        return slot < 0 ? (cursor) => cursor.skip(1) : (cursor, slots) => (slots[slot] = cursor.byte());
      case 'float':
        return slot < 0 ? (cursor) => cursor.skip(4) : (cursor, slots) => (slots[slot] = cursor.float());
      case 'double':
        return slot < 0 ? (cursor) => cursor.skip(8) : (cursor, slots) => (slots[slot] = cursor.double());
      case 'java.lang.String':
        if (onString !== undefined) return (cursor) => onString(field.name, cursor);
        return slot < 0 ? (cursor) => cursor.skipText() : (cursor, slots) => (slots[slot] = cursor.text());
      default:
        return this.skip(type);
    }
  }

  /** Nested structures are skipped: no event that is read here needs one. */
  private skip(type: JfrClass): ReadRecord {
    const known = this.skips.get(type.id);
    if (known === 'being compiled') throw damaged(`class ${type.name} contains itself`);
    if (known !== undefined) return known;
    if (++this.depth > maximumDepth) throw damaged('structures nested too deeply');
    this.skips.set(type.id, 'being compiled');
    const read = this.compile(type, []);
    this.skips.set(type.id, read);
    this.depth--;
    return read;
  }
}

const skipNothing: ReadRecord = () => undefined;

function arrayOf(element: Step, name: string): Step {
  if (element === skipNothing) throw damaged(`${name} is an array of nothing`);
  return (cursor, slots) => {
    for (let left = cursor.count(name); left > 0; left--) {
      if (typeof element === 'function') element(cursor, slots);
      else cursor.skipInteger(element.width);
    }
  };
}
