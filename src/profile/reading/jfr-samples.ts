import type { Value } from '../../jfr/record.ts';
import type { EventReader, OpenChunk } from '../../jfr/recording.ts';
import type { Source } from './recording-method.ts';
import { threadStates } from '../sampling.ts';

/** One event that is a sample, by the numbers of its chunk. */
export interface Sample {
  source: Source;
  time: number;
  thread: number;
  stackTrace: number;
  state: number;
  /** Samples that this row stands for: async-profiler writes a thread that goes on waiting as one row. */
  count: number;
  /** Ticks from the first of these samples to the last; 0 for one sample and where the recording does not say. */
  span: number;
  /** Nanoseconds or bytes of this sample; 0 where all samples of its source stand for the same. */
  value: number;
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

/**
 * Readers of all events that hold samples.
 * @param byTheJdk whether the JDK itself wrote the chunk: it uses the same names as async-profiler.
 */
export function sampleReaders(
  byTheJdk: boolean,
  states: (id: number) => number,
  nanosPerTick: number,
  add: (sample: Sample) => void,
): Record<string, EventReader> {
  const execution = (sourceOf: (state: number) => Source, counted = false): EventReader => ({
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
      add(sampleOf(sourceOf(state), slots, { state, count, span }));
    },
  });
  const ofClass = (
    source: Source,
    classField: string,
    classType: number,
    valueField: string,
    factor = 1,
  ): EventReader => ({
    fields: [...where, classField, valueField],
    visit: (slots) => {
      add(
        sampleOf(source, slots, { value: number(slots[4]) * factor, classId: number(slots[3]), classType }),
      );
    },
  });
  const lock = (classField: string) => ofClass('lock', classField, inlinedType, 'duration', nanosPerTick);
  const plain = (source: Source, valueField: string, factor: number): EventReader => ({
    fields: [...where, valueField],
    visit: (slots) => {
      add(sampleOf(source, slots, { value: number(slots[3]) * factor }));
    },
  });
  const byState = (state: number): Source => (state === 0 ? 'default-state' : 'thread-state');
  return {
    'jdk.ExecutionSample': execution(byTheJdk ? () => 'jdk-running' : byState),
    'jdk.NativeMethodSample': execution(byTheJdk ? () => 'jdk-native' : byState),
    'profiler.WallClockSample': execution((state) => (state === 0 ? 'default-state' : 'wall-clock'), true),
    'jdk.CPUTimeSample': plain('jdk-cpu-time', 'samplingPeriod', nanosPerTick),
    'datadog.ExecutionSample': weighted('datadog-cpu', add),
    'datadog.MethodSample': weighted('datadog-wall', add),
    'jdk.ObjectAllocationInNewTLAB': ofClass('allocation-buffers', 'objectClass', inlinedType, 'tlabSize'),
    'jdk.ObjectAllocationOutsideTLAB': ofClass(
      'allocation-buffers',
      'objectClass',
      kernelType,
      'allocationSize',
    ),
    'jdk.ObjectAllocationSample': ofClass('allocation-samples', 'objectClass', kernelType, 'weight'),
    'jdk.JavaMonitorEnter': lock('monitorClass'),
    'jdk.ThreadPark': lock('parkedClass'),
    'profiler.LiveObject': ofClass('live', 'objectClass', inlinedType, 'allocationSize'),
    'profiler.Malloc': plain('nativemem', 'size', 1),
    'profiler.Free': plain('nativemem', '', 0),
    'profiler.NativeLock': plain('nativelock', 'duration', nanosPerTick),
  };
}

/** Datadog's fork of async-profiler 2.x: `weight` is how many samples the row stands for. */
function weighted(source: Source, add: (sample: Sample) => void): EventReader {
  return {
    fields: [...where, 'weight'],
    visit: (slots) => {
      const weight = number(slots[3]);
      add(sampleOf(source, slots, { count: weight >= 1 && weight <= maximumCount ? Math.round(weight) : 1 }));
    },
  };
}

/** `slots` begin with time, thread and stack trace. */
function sampleOf(
  source: Source,
  slots: readonly Value[],
  known: Partial<Omit<Sample, 'source' | 'time' | 'thread' | 'stackTrace'>>,
): Sample {
  return {
    source,
    time: number(slots[0]),
    thread: number(slots[1]),
    stackTrace: number(slots[2]),
    state: known.state ?? 0,
    count: known.count ?? 1,
    span: known.span ?? 0,
    value: known.value ?? 0,
    classId: known.classId ?? 0,
    classType: known.classType ?? 0,
  };
}

/** Fields that the recording lacks are 0. */
function number(value: Value | undefined): number {
  return typeof value === 'number' ? value : 0;
}
