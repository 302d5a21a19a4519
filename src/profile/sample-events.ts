import type { Value } from '../jfr/record.ts';
import type { EventReader, OpenChunk } from '../jfr/recording.ts';
import type { ProfileEvent } from './profile.ts';
import { threadStates } from './sampling.ts';

/** One event that is a sample, by the numbers of its chunk. */
export interface Sample {
  event: ProfileEvent;
  time: number;
  thread: number;
  stackTrace: number;
  state: number;
  /** Samples that this row stands for: async-profiler writes a thread that goes on waiting as one row. */
  count: number;
  /** Ticks from the first of these samples to the last; 0 for one sample and where the recording does not say. */
  span: number;
  /** Nanoseconds or bytes; null for cpu and wall, where count times interval is the value. */
  value: number | null;
  /** Class at the end of the stack: what was allocated or waited for; 0 for none. */
  classId: number;
  /** Frame type that the converter gives that class: kernel for memory outside of a TLAB, else inlined. */
  classType: number;
}

/** Number of a chunk's thread state → index of `threadStates`. */
export function stateNumbers(chunk: OpenChunk): (id: number) => number {
  const numbers = new Map<number, number>();
  for (const [id, [name]] of chunk.pools.pool('jdk.types.ThreadState')) {
    numbers.set(id, threadStates.indexOf(stateOf(chunk.pools.text(name) ?? '')));
  }
  return (id) => numbers.get(id) ?? -1;
}

/** async-profiler writes the first three names, the JDK the others. */
function stateOf(name: string): (typeof threadStates)[number] {
  if (name === 'STATE_DEFAULT') return 'default';
  if (name === 'STATE_SLEEPING') return 'sleeping';
  if (name.startsWith('STATE_PARKED') || name.startsWith('STATE_IN_OBJECT_WAIT')) return 'parked';
  return name.startsWith('STATE_BLOCKED') ? 'contended' : 'runnable';
}

/** One row of a wall sample stands for at most its window's samples: more is no count. */
const maximumCount = 1e9;

const kernelType = 5;
const inlinedType = 2;

/** Readers of all events that hold samples. */
export function sampleReaders(
  states: (id: number) => number,
  nanosPerTick: number,
  add: (sample: Sample) => void,
): Record<string, EventReader> {
  const reader = (
    fields: readonly string[],
    take: (numbers: readonly number[]) => Sample | null,
  ): EventReader => {
    const numbers = fields.map(() => 0);
    return {
      fields,
      visit: (slots: readonly Value[]) => {
        for (let i = 0; i < numbers.length; i++) {
          const value = slots[i];
          numbers[i] = typeof value === 'number' ? value : 0;
        }
        const sample = take(numbers);
        if (sample !== null) add(sample);
      },
    };
  };
  const execution = (counted: boolean) =>
    reader(
      ['startTime', 'sampledThread', 'stackTrace', 'state', ...(counted ? ['samples', 'timeSpan'] : [])],
      ([time = 0, thread = 0, stackTrace = 0, stateId = 0, samples = 1, span = 0]) => {
        const state = states(stateId);
        // A state that the recording does not name belongs to no event, as in the converter.
        if (state < 0 || !(samples > 0 && samples <= maximumCount)) return null;
        const event = state === 0 ? 'cpu' : 'wall';
        return {
          event,
          time,
          thread,
          stackTrace,
          state,
          count: samples,
          span,
          value: null,
          classId: 0,
          classType: 0,
        };
      },
    );
  const allocation = (sizeField: string, classType: number) =>
    reader(
      ['startTime', 'eventThread', 'stackTrace', 'objectClass', sizeField],
      ([time = 0, thread = 0, stackTrace = 0, classId = 0, bytes = 0]) => {
        return {
          event: 'alloc',
          time,
          thread,
          stackTrace,
          state: 0,
          count: 1,
          span: 0,
          value: bytes,
          classId,
          classType,
        };
      },
    );
  const lock = (classField: string) =>
    reader(
      ['startTime', 'eventThread', 'stackTrace', 'duration', classField],
      ([time = 0, thread = 0, stackTrace = 0, ticks = 0, classId = 0]) => {
        const value = ticks * nanosPerTick;
        return {
          event: 'lock',
          time,
          thread,
          stackTrace,
          state: 0,
          count: 1,
          span: 0,
          value,
          classId,
          classType: inlinedType,
        };
      },
    );
  const plain = (event: ProfileEvent, valueField: string, factor: number) =>
    reader(
      ['startTime', 'eventThread', 'stackTrace', valueField],
      ([time = 0, thread = 0, stackTrace = 0, amount = 0]) => {
        return {
          event,
          time,
          thread,
          stackTrace,
          state: 0,
          count: 1,
          span: 0,
          value: amount * factor,
          classId: 0,
          classType: 0,
        };
      },
    );
  return {
    'jdk.ExecutionSample': execution(false),
    'jdk.NativeMethodSample': execution(false),
    'profiler.WallClockSample': execution(true),
    'jdk.ObjectAllocationInNewTLAB': allocation('tlabSize', inlinedType),
    'jdk.ObjectAllocationOutsideTLAB': allocation('allocationSize', kernelType),
    'jdk.ObjectAllocationSample': allocation('weight', kernelType),
    'jdk.JavaMonitorEnter': lock('monitorClass'),
    'jdk.ThreadPark': lock('parkedClass'),
    'profiler.LiveObject': reader(
      ['startTime', 'eventThread', 'stackTrace', 'objectClass', 'allocationSize'],
      ([time = 0, thread = 0, stackTrace = 0, classId = 0, value = 0]) => {
        return {
          event: 'live',
          time,
          thread,
          stackTrace,
          state: 0,
          count: 1,
          span: 0,
          value,
          classId,
          classType: inlinedType,
        };
      },
    ),
    'profiler.Malloc': plain('nativemem', 'size', 1),
    'profiler.Free': plain('nativemem', '', 0),
    'profiler.NativeLock': plain('nativelock', 'duration', nanosPerTick),
  };
}
