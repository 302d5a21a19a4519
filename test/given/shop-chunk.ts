import { type JfrWriter, writeChunk, type WrittenChunk } from './jfr-writer.ts';

/** Numbers of the classes that every hand-written recording has. */
export const type = {
  long: 4,
  int: 5,
  text: 6,
  boolean: 7,
  thread: 20,
  javaClass: 21,
  symbol: 22,
  method: 23,
  frame: 24,
  stack: 25,
  state: 26,
  execution: 101,
  jvm: 102,
  property: 103,
  point: 30,
  wall: 104,
} as const;

export const classes: WrittenChunk['classes'] = [
  { id: type.long, name: 'long' },
  { id: type.int, name: 'int' },
  { id: type.text, name: 'java.lang.String' },
  { id: type.boolean, name: 'boolean' },
  {
    id: type.thread,
    name: 'java.lang.Thread',
    fields: [
      { name: 'osName', type: type.text },
      { name: 'javaName', type: type.text },
    ],
  },
  {
    id: type.javaClass,
    name: 'java.lang.Class',
    fields: [{ name: 'name', type: type.symbol, pooled: true }],
  },
  { id: type.symbol, name: 'jdk.types.Symbol', fields: [{ name: 'string', type: type.text }] },
  {
    id: type.method,
    name: 'jdk.types.Method',
    fields: [
      { name: 'type', type: type.javaClass, pooled: true },
      { name: 'name', type: type.symbol, pooled: true },
    ],
  },
  {
    id: type.frame,
    name: 'jdk.types.StackFrame',
    fields: [
      { name: 'method', type: type.method, pooled: true },
      { name: 'lineNumber', type: type.int },
      { name: 'type', type: type.int },
    ],
  },
  {
    id: type.stack,
    name: 'jdk.types.StackTrace',
    fields: [
      { name: 'truncated', type: type.boolean },
      { name: 'frames', type: type.frame, array: true },
    ],
  },
  { id: type.state, name: 'jdk.types.ThreadState', fields: [{ name: 'name', type: type.text }] },
  {
    id: type.point,
    name: 'app.Point',
    fields: [
      { name: 'x', type: type.int },
      { name: 'label', type: type.text },
    ],
  },
  {
    id: type.execution,
    name: 'jdk.ExecutionSample',
    fields: [
      { name: 'startTime', type: type.long },
      { name: 'somethingNew', type: type.point },
      { name: 'manyNew', type: type.point, array: true },
      { name: 'sampledThread', type: type.thread, pooled: true },
      { name: 'stackTrace', type: type.stack, pooled: true },
      { name: 'state', type: type.state, pooled: true },
    ],
  },
  {
    id: type.wall,
    name: 'profiler.WallClockSample',
    fields: [
      { name: 'startTime', type: type.long },
      { name: 'sampledThread', type: type.thread, pooled: true },
      { name: 'stackTrace', type: type.stack, pooled: true },
      { name: 'state', type: type.state, pooled: true },
      { name: 'samples', type: type.int },
      { name: 'timeSpan', type: type.long },
    ],
  },
  {
    id: type.jvm,
    name: 'jdk.JVMInformation',
    fields: [
      { name: 'startTime', type: type.long },
      { name: 'jvmArguments', type: type.text },
      { name: 'javaArguments', type: type.text },
    ],
  },
  {
    id: type.property,
    name: 'jdk.InitialSystemProperty',
    fields: [
      { name: 'startTime', type: type.long },
      { name: 'key', type: type.text },
      { name: 'value', type: type.text },
    ],
  },
];

/** One sample at `ticks`: thread 1 in stack 1, with fields that nobody knows in between. */
export function sample(writer: JfrWriter, ticks: number): void {
  writer.event(type.execution, (event) => {
    event.integer(ticks, 8).integer(1, 4).text('p');
    event.integer(2, 4).integer(1, 4).text('a').integer(2, 4).raw(0);
    event.integer(1, 8).integer(1, 8).integer(0, 8);
  });
}

/** One row for `count` samples of a sleeping thread, from `ticks` on over `span` ticks. */
export function wallSamples(writer: JfrWriter, ticks: number, count: number, span: number): void {
  writer.event(type.wall, (event) => {
    event.integer(ticks, 8).integer(1, 8).integer(1, 8).integer(1, 8).integer(count, 4).integer(span, 8);
  });
}

/** Pools for `sample`: acme.Shop.main → acme.Shop.price in a thread named `worker`. */
export function pools(writer: JfrWriter): void {
  const pool = (id: number, count: number) => writer.integer(id, 8).integer(count, 4);
  pool(type.thread, 1).integer(1, 8).text('worker-os').text('wörker', 'chars');
  pool(type.javaClass, 1).integer(1, 8).integer(1, 8);
  pool(type.symbol, 3)
    .integer(1, 8)
    .text('acme/Shop')
    .integer(2, 8)
    .text('main', 'latin1')
    .integer(3, 8)
    .pooledText(9);
  pool(type.text, 1).integer(9, 8).text('prix€', 'chars');
  pool(type.method, 2).integer(1, 8).integer(1, 8).integer(2, 8).integer(2, 8).integer(1, 8).integer(3, 8);
  pool(type.stack, 1).integer(1, 8).raw(0).integer(2, 4);
  writer
    .integer(2, 8)
    .integer(70_000 - 65_000, 4)
    .integer(1, 4)
    .integer(1, 8)
    .integer(12, 4)
    .integer(0, 4);
  pool(type.state, 2).integer(0, 8).text('STATE_DEFAULT').integer(1, 8).text('STATE_SLEEPING');
}
export const poolCount = 7;

export function shopChunk(compressed: boolean, events: (writer: JfrWriter) => void): Buffer {
  return writeChunk({ compressed, classes, events, pools: { count: poolCount, write: pools } });
}
