import type { Value } from '../../jfr/record.ts';
import type { EventReader, OpenChunk } from '../../jfr/recording.ts';
import type { ProfileEvent } from '../profile.ts';
import { threadStates } from '../sampling.ts';

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

/** What every sample begins with; its thread's field is `eventThread`, or `sampledThread` where another one looked. */
const where = ['startTime', 'eventThread', 'stackTrace'] as const;

/** Readers of all events that hold samples. */
export function sampleReaders(
  states: (id: number) => number,
  nanosPerTick: number,
  add: (sample: Sample) => void,
): Record<string, EventReader> {
  const execution = (counted: boolean): EventReader => ({
    fields: [
      'startTime',
      'sampledThread',
      'stackTrace',
      'state',
      ...(counted ? ['samples', 'timeSpan'] : []),
    ],
    visit: (slots) => {
      const state = states(number(slots[3]));
      const count = counted ? number(slots[4]) : 1;
      // A state that the recording does not name belongs to no event, as in the converter.
      if (state < 0 || !(count > 0 && count <= maximumCount)) return;
      const span = counted ? number(slots[5]) : 0;
      add(sampleOf(state === 0 ? 'cpu' : 'wall', slots, state, count, span, null, 0, 0));
    },
  });
  const ofClass = (
    event: ProfileEvent,
    classField: string,
    classType: number,
    valueField: string,
    factor = 1,
  ): EventReader => ({
    fields: [...where, classField, valueField],
    visit: (slots) =>
      add(sampleOf(event, slots, 0, 1, 0, number(slots[4]) * factor, number(slots[3]), classType)),
  });
  const lock = (classField: string) => ofClass('lock', classField, inlinedType, 'duration', nanosPerTick);
  const plain = (event: ProfileEvent, valueField: string, factor: number): EventReader => ({
    fields: [...where, valueField],
    visit: (slots) => add(sampleOf(event, slots, 0, 1, 0, number(slots[3]) * factor, 0, 0)),
  });
  return {
    'jdk.ExecutionSample': execution(false),
    'jdk.NativeMethodSample': execution(false),
    'profiler.WallClockSample': execution(true),
    'jdk.ObjectAllocationInNewTLAB': ofClass('alloc', 'objectClass', inlinedType, 'tlabSize'),
    'jdk.ObjectAllocationOutsideTLAB': ofClass('alloc', 'objectClass', kernelType, 'allocationSize'),
    'jdk.ObjectAllocationSample': ofClass('alloc', 'objectClass', kernelType, 'weight'),
    'jdk.JavaMonitorEnter': lock('monitorClass'),
    'jdk.ThreadPark': lock('parkedClass'),
    'profiler.LiveObject': ofClass('live', 'objectClass', inlinedType, 'allocationSize'),
    'profiler.Malloc': plain('nativemem', 'size', 1),
    'profiler.Free': plain('nativemem', '', 0),
    'profiler.NativeLock': plain('nativelock', 'duration', nanosPerTick),
  };
}

/** `slots` begin with time, thread and stack trace. */
function sampleOf(
  event: ProfileEvent,
  slots: readonly Value[],
  state: number,
  count: number,
  span: number,
  value: number | null,
  classId: number,
  classType: number,
): Sample {
  const time = number(slots[0]);
  const thread = number(slots[1]);
  const stackTrace = number(slots[2]);
  return { event, time, thread, stackTrace, state, count, span, value, classId, classType };
}

/** Fields that the recording lacks are 0. */
function number(value: Value | undefined): number {
  return typeof value === 'number' ? value : 0;
}
