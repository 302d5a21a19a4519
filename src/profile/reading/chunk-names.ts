import type { Pools } from '../../jfr/pools.ts';
import type { Value } from '../../jfr/record.ts';
import type { StackTable } from './stack-table.ts';
import { frameTypes } from '../sampling.ts';

const nativeType = frameTypes.indexOf('native');
const cppType = frameTypes.indexOf('cpp');
const kernelType = frameTypes.indexOf('kernel');

/** Lines beyond this are not lines: a class file counts them in 16 bits. */
const maximumLine = 0xffff;

/** Names that a converter gives to the letters of primitive arrays. */
const primitives: ReadonlyMap<string, string> = new Map([
  ['B', 'byte'],
  ['C', 'char'],
  ['D', 'double'],
  ['F', 'float'],
  ['I', 'int'],
  ['J', 'long'],
  ['S', 'short'],
  ['Z', 'boolean'],
]);

/**
 * From the numbers of one chunk (stack traces, methods, classes) to entries of the stack table, each resolved once and
 * only when a sample needs it. Frames are named as async-profiler's converter names them.
 */
export class ChunkNames {
  private readonly pools: Pools;
  private readonly stackTable: StackTable;
  /** In a whole chunk a missing name is the writer's doing and called `unknown`; else the stack counts as lost. */
  private readonly whole: boolean;
  /** The chunk was written by the JDK itself, which knows no kernel frames. */
  readonly byTheJdk: boolean;
  private readonly nativeIsCode: boolean;
  private readonly stacks = new Map<number, number>();
  private readonly methods: Map<number, number>[] = frameTypes.map(() => new Map<number, number>());
  private readonly classFrames: Map<number, number>[] = frameTypes.map(() => new Map<number, number>());
  private readonly classes = new Map<number, string | null>();

  constructor(pools: Pools, stackTable: StackTable, whole: boolean) {
    this.pools = pools;
    this.stackTable = stackTable;
    this.whole = whole;
    // The JDK calls Java's native methods "native"; async-profiler, which knows kernel frames, means C code.
    const types = pools.pool('jdk.types.FrameType');
    this.nativeIsCode = types.has(kernelType);
    this.byTheJdk = types.size > 0 && !this.nativeIsCode;
  }

  /** The node of a stack trace; -1 when the recording does not hold it. */
  stack(id: number): number {
    let node = this.stacks.get(id);
    if (node === undefined) {
      const rows = this.pools.pool('jdk.types.StackTrace').get(id)?.[0];
      node = Array.isArray(rows) ? this.resolve(rows) : -1;
      this.stacks.set(id, node);
    }
    return node;
  }

  /** The class that was allocated or waited for, as the innermost frame; -1 when its name is lost. */
  classFrame(stack: number, classId: number, type: number): number {
    const known = this.classFrames[type]!;
    let frame = known.get(classId);
    if (frame === undefined) {
      const symbol = this.className(classId);
      if (symbol === null) frame = this.whole ? this.stackTable.frame('null', type) : -1;
      else frame = this.stackTable.frame(javaName(symbol), type);
      known.set(classId, frame);
    }
    return frame < 0 ? -1 : this.stackTable.child(stack, frame, 0);
  }

  /** `rows` are method, line and type of each frame, innermost first. */
  private resolve(rows: readonly number[]): number {
    let node = 0;
    for (let at = rows.length - 3; at >= 0; at -= 3) {
      const frame = this.frame(rows[at]!, rows[at + 2]!);
      if (frame < 0) return -1;
      const line = rows[at + 1]!;
      node = this.stackTable.child(node, frame, line > 0 && line <= maximumLine ? line : 0);
    }
    return node;
  }

  private frame(method: number, writtenType: number): number {
    const type = frameTypes[writtenType] === undefined ? nativeType : writtenType;
    const known = this.methods[type]!;
    let frame = known.get(method);
    if (frame === undefined) {
      const name = this.methodName(method, type);
      frame = name === null ? -1 : this.stackTable.frame(name, type);
      known.set(method, frame);
    }
    return frame;
  }

  private methodName(id: number, type: number): string | null {
    const method = this.pools.pool('jdk.types.Method').get(id);
    if (method === undefined) return this.whole ? 'unknown' : null;
    const className = this.className(method[0]);
    const name = this.symbol(method[1]);
    if (!this.whole && (className === null || name === null)) return null;
    const isCode = type === cppType || type === kernelType || (type === nativeType && this.nativeIsCode);
    if (isCode || className === null || className === '') return name ?? 'unknown';
    return name === null || name === '' ? className : `${className}.${name}`;
  }

  private className(id: Value | undefined): string | null {
    if (typeof id !== 'number') return null;
    let name = this.classes.get(id);
    if (name === undefined) {
      name = this.symbol(this.pools.pool('java.lang.Class').get(id)?.[0]);
      this.classes.set(id, name);
    }
    return name;
  }

  private symbol(id: Value | undefined): string | null {
    if (typeof id !== 'number') return null;
    return this.pools.text(this.pools.pool('jdk.types.Symbol').get(id)?.[0]);
  }
}

/** `[Ljava/lang/String;` → `java.lang.String[]`, `[[I` → `int[][]`, `java/lang/Object` → `java.lang.Object`. */
function javaName(symbol: string): string {
  const depth = /^\[*/.exec(symbol)![0].length;
  const element = symbol.slice(depth);
  const name =
    depth === 0
      ? element
      : (primitives.get(element.charAt(0)) ?? (element.startsWith('L') ? element.slice(1, -1) : element));
  return name.replaceAll('/', '.') + '[]'.repeat(Math.min(depth, 255));
}
