import { type Cursor, damaged } from './cursor.ts';

/** The recording's description of one of its types: event, constant or structure. */
export interface JfrClass {
  id: number;
  name: string;
  fields: JfrField[];
}

export interface JfrField {
  name: string;
  /** Id of its class. */
  type: number;
  /** True when only a key of that class's constant pool is written. */
  pooled: boolean;
  array: boolean;
}

export interface Schema {
  byId: ReadonlyMap<number, JfrClass>;
  byName: ReadonlyMap<string, JfrClass>;
}

/** Deeper trees than this do not occur (metadata → region/root → class → field → annotation): stops hostile nesting. */
const maximumDepth = 12;

/**
 * Bounds on one description, because masking reads it inside flamepin. JDK 25 has 2,212 strings, and 15,692
 * elements and attributes.
 */
const maximumStrings = 65_536;
/** Elements and their attributes. */
const maximumElements = 262_144;
const maximumTextBytes = 65_536;

interface Element {
  name: string;
  attributes: Map<string, string>;
  children: Element[];
}

/**
 * Reads metadata events. Most chunks carry the same one, so the last is cached by its bytes: parsing it each time took a
 * tenth of the reading time.
 */
export class Schemas {
  #last: { bytes: Buffer; compressed: boolean; schema: Schema } | null = null;

  /**
   * Reads the metadata event at the cursor. Throws Failure `recording-damaged`, or EndOfBytes when it is cut off:
   * without its schema nothing of a chunk can be read.
   */
  read(cursor: Cursor): Schema {
    cursor.skipInteger(4); // size
    const type = cursor.integer(8);
    if (type !== 0) throw damaged(`event type ${type} where the metadata should be`);
    cursor.skipInteger(8); // start time
    cursor.skipInteger(8); // duration
    cursor.skipInteger(8); // metadata id
    const { bytes, at, end, compressed } = cursor;
    const last = this.#last;
    if (
      last?.compressed === compressed &&
      last.bytes.equals(bytes.subarray(at, Math.min(end, at + last.bytes.length)))
    )
      return last.schema;
    const schema = readDescription(cursor);
    this.#last = { bytes: bytes.subarray(at, cursor.at), compressed, schema };
    return schema;
  }
}

function readDescription(cursor: Cursor): Schema {
  const count = cursor.count('metadata strings');
  if (count > maximumStrings) throw damaged(`metadata of ${count} strings`);
  const strings: string[] = [];
  for (let i = 0; i < count; i++) {
    const text = cursor.text(maximumTextBytes);
    strings.push(typeof text === 'string' ? text : '');
  }
  const root = readElement(cursor, { strings, left: maximumElements }, 0);
  const byId = new Map<number, JfrClass>();
  const byName = new Map<string, JfrClass>();
  const metadata = root.children.find((child) => child.name === 'metadata');
  for (const child of metadata?.children ?? []) {
    if (child.name !== 'class') continue;
    const described = readClass(child);
    byId.set(described.id, described);
    byName.set(described.name, described);
  }
  if (byId.size === 0) throw damaged('metadata without classes');
  return { byId, byName };
}

/** What a description has: its strings, and how many more elements and attributes it may have. */
interface Description {
  strings: readonly string[];
  left: number;
}

function readElement(cursor: Cursor, description: Description, depth: number): Element {
  if (depth > maximumDepth) throw damaged('metadata nested too deeply');
  const count = (what: string): number => {
    const counted = cursor.count(what);
    description.left -= counted;
    if (description.left < 0) throw damaged(`metadata of more than ${maximumElements} ${what}`);
    return counted;
  };
  const string = () => {
    const text = description.strings[cursor.integer(4)];
    if (text === undefined) throw damaged('metadata names a string that is not there');
    return text;
  };
  const name = string();
  const attributes = new Map<string, string>();
  for (let left = count('attributes'); left > 0; left--) attributes.set(string(), string());
  const children: Element[] = [];
  for (let left = count('elements'); left > 0; left--) {
    children.push(readElement(cursor, description, depth + 1));
  }
  return { name, attributes, children };
}

function readClass(element: Element): JfrClass {
  const fields: JfrField[] = [];
  for (const child of element.children) {
    if (child.name !== 'field') continue;
    fields.push({
      name: child.attributes.get('name') ?? '',
      type: Number(child.attributes.get('class')),
      pooled: child.attributes.get('constantPool') === 'true',
      array: (child.attributes.get('dimension') ?? '0') !== '0',
    });
  }
  return { id: Number(element.attributes.get('id')), name: element.attributes.get('name') ?? '', fields };
}
