import { openChunks, type EventReader, type OpenChunk } from '../jfr/recording.ts';
import { damaged } from '../jfr/cursor.ts';
import type { Value, Wanted } from '../jfr/record.ts';
import { CallTree } from './call-tree.ts';
import { ChunkNames } from './chunk-names.ts';
import { JvmFacts } from './jvm-facts.ts';
import { profileEvents, type ProfileEvent, type Profile, slotSeconds, threadStates } from './profile.ts';
import { Settings } from './settings.ts';
import { Tuples } from './tuples.ts';

/** Constants that a profile needs; all others are passed over. */
const constants: Readonly<Record<string, Wanted>> = {
  'jdk.types.StackTrace': [{ rows: 'frames', fields: ['method', 'lineNumber', 'type'] }],
  'jdk.types.Method': ['type', 'name'],
  'java.lang.Class': ['name'],
  'jdk.types.Symbol': ['string'],
  'java.lang.Thread': ['osName', 'osThreadId', 'javaName'],
  'jdk.types.ThreadState': ['name'],
  'jdk.types.FrameType': ['description'],
  'jdk.types.GCName': ['name'],
};

/**
 * Longest window that slots are kept for, seconds. Captures take a minute at most; a recording by hand may take
 * hours, and its later samples then stand in the last slot.
 */
const maximumWindowSeconds = 24 * 3600;

/** Where samples of an event come from, and how many of a kind they are. */
interface Sample {
  event: ProfileEvent;
  time: number;
  thread: number;
  stackTrace: number;
  state: number;
  /** Samples that this row stands for. */
  count: number;
  /** Nanoseconds or bytes; null for cpu and wall, where count times interval is the value. */
  value: number | null;
  /** Class at the end of the stack: what was allocated or waited for; 0 for none. */
  classId: number;
  /** Frame type that the converter gives that class: kernel for memory outside of a TLAB, else inlined. */
  classType: number;
}

/**
 * Reads a recording of async-profiler or of the JDK (uncompressed bytes) into a profile: pure, synchronous, linear
 * in its size. Which samples belong to which event is decided as async-profiler's own converter does, so that
 * `collapsed` gives its lines: cpu are execution samples with STATE_DEFAULT, wall those with any other state (so
 * all samples of the JDK's recorder, which samples threads in Java or native code, are wall).
 *
 * A recording that is cut off gives what is whole, with `partial` and a warning; samples whose stacks were lost
 * are left out and counted. Throws Failure `recording-damaged` when nothing can be read or when what is there
 * contradicts itself. A recording without samples is a profile without events.
 */
export function readProfile(recording: Buffer): Profile {
  const reading = new Reading();
  for (const chunk of openChunks(recording, constants)) {
    if (chunk === null) reading.partial = true;
    else reading.readChunk(chunk);
  }
  return reading.profile();
}

class Reading {
  partial = false;
  private readonly tree = new CallTree();
  private readonly threads: string[] = [];
  private readonly threadNumbers = new Map<string, number>();
  private readonly samples = new Map<ProfileEvent, EventSamples>();
  private readonly facts = new JvmFacts();
  private readonly settings = new Settings();
  private startMs = Infinity;
  private endMs = -Infinity;
  private chunks = 0;
  private withoutStack = 0;

  readChunk(chunk: OpenChunk): void {
    this.chunks++;
    const { header, pools } = chunk;
    const names = new ChunkNames(pools, this.tree, header.whole);
    const states = stateNumbers(chunk);
    const clock = { ...header, startMs: header.startNanos / 1e6, msPerTick: 1000 / header.ticksPerSecond };
    this.startMs = Math.min(this.startMs, clock.startMs);
    let lastMs = clock.startMs + header.durationNanos / 1e6;
    const atMs = (ticks: number) => clock.startMs + (ticks - clock.startTicks) * clock.msPerTick;
    const threadOf = this.threadReader(chunk);
    const add = (sample: Sample) => {
      const stack = names.stack(sample.stackTrace);
      if (stack < 0) {
        if (sample.stackTrace !== 0) this.withoutStack++;
        return;
      }
      const node = sample.classId === 0 ? stack : names.classFrame(stack, sample.classId, sample.classType);
      if (node < 0) {
        this.withoutStack++;
        return;
      }
      const ms = atMs(sample.time);
      if (!header.whole && ms > lastMs && ms - clock.startMs < maximumWindowSeconds * 1000) lastMs = ms;
      const slot = slotOf(ms - this.startMs);
      this.eventSamples(sample.event).add(
        node,
        threadOf(sample.thread),
        sample.state,
        slot,
        sample.count,
        sample.value,
      );
    };
    const nanosPerTick = 1e9 / header.ticksPerSecond;
    const readers = {
      ...sampleReaders(states, nanosPerTick, add),
      ...this.facts.readers(pools, atMs, clock.msPerTick),
      ...this.settings.readers(chunk),
    };
    if (!chunk.readEvents(readers)) this.partial = true;
    this.endMs = Math.max(this.endMs, lastMs);
  }

  private eventSamples(event: ProfileEvent): EventSamples {
    let samples = this.samples.get(event);
    if (samples === undefined) this.samples.set(event, (samples = new EventSamples()));
    return samples;
  }

  /** Threads keep one number over all chunks: same system id and name, same thread. */
  private threadReader(chunk: OpenChunk): (id: number) => number {
    const pool = chunk.pools.pool('java.lang.Thread');
    const known = new Map<number, number>();
    return (id) => {
      let number = known.get(id);
      if (number === undefined) {
        const [osName, osId, javaName] = pool.get(id) ?? [null, id, null];
        const name = chunk.pools.text(javaName) ?? chunk.pools.text(osName) ?? '';
        const key = `${Number(osId)} ${name}`;
        number = this.threadNumbers.get(key);
        if (number === undefined) {
          number = this.threads.length;
          this.threads.push(name === '' ? `[tid=${Number(osId)}]` : name);
          this.threadNumbers.set(key, number);
        }
        known.set(id, number);
      }
      return number;
    };
  }

  profile(): Profile {
    if (this.chunks === 0) {
      throw damaged('it ends before its constants were written, as when the JVM is killed in the window');
    }
    const durationSeconds = Math.max(0, this.endMs - this.startMs) / 1000;
    const lastSlot = Math.max(0, Math.ceil(durationSeconds / slotSeconds) - 1);
    const events: Profile['events'] = {};
    for (const event of profileEvents) {
      const samples = this.samples.get(event);
      if (samples === undefined) continue;
      const interval = this.settings.interval(event);
      events[event] = {
        unit: event === 'alloc' || event === 'live' || event === 'nativemem' ? 'bytes' : 'nanoseconds',
        interval,
        samples: samples.columns(lastSlot, interval),
      };
    }
    return {
      version: 1,
      startedAt: this.startMs,
      durationSeconds,
      partial: this.partial,
      engine: this.settings.engine,
      mainClass: this.facts.mainClass,
      jvm: this.facts.jvm,
      ...this.tree.columns(),
      threads: this.threads,
      events,
      ...this.facts.during(this.startMs, this.endMs),
      warnings: this.warnings(),
    };
  }

  private warnings(): string[] {
    const warnings: string[] = [];
    if (this.partial) warnings.push('The recording is cut off: it shows what was whole.');
    if (this.withoutStack > 0) {
      warnings.push(`${this.withoutStack} samples are left out, for their stacks are not in the recording.`);
    }
    return warnings;
  }
}

function slotOf(ms: number): number {
  return Math.min(Math.max(0, Math.floor(ms / (slotSeconds * 1000))), maximumWindowSeconds / slotSeconds);
}

/** Samples of one event, those alike added up. */
class EventSamples {
  private readonly rows = new Tuples();
  private readonly counts: number[] = [];
  private readonly values: number[] = [];

  add(stack: number, thread: number, state: number, slot: number, count: number, value: number | null): void {
    const row = this.rows.index(stack, thread, state, slot);
    this.counts[row] = (this.counts[row] ?? 0) + count;
    this.values[row] = (this.values[row] ?? 0) + (value ?? 0);
  }

  columns(lastSlot: number, interval: number) {
    const [stack, thread, state, slot] = this.rows.columns;
    const timed = this.values.every((value) => value === 0);
    return {
      stack,
      thread,
      state,
      slot: slot.map((one) => Math.min(one, lastSlot)),
      count: this.counts,
      value: timed ? this.counts.map((count) => count * interval) : this.values.map(Math.round),
    };
  }
}

/** Number of a chunk's thread state → index of `threadStates`. */
function stateNumbers(chunk: OpenChunk): (id: number) => number {
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

const kernelType = 5;
const inlinedType = 2;

/** Readers of all events that hold samples. */
function sampleReaders(
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
      ['startTime', 'sampledThread', 'stackTrace', 'state', ...(counted ? ['samples'] : [])],
      ([time = 0, thread = 0, stackTrace = 0, stateId = 0, samples = 1]) => {
        const state = states(stateId);
        // A state that the recording does not name belongs to no event, as in the converter.
        if (state < 0 || samples <= 0) return null;
        const event = state === 0 ? 'cpu' : 'wall';
        return {
          event,
          time,
          thread,
          stackTrace,
          state,
          count: samples,
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
    'profiler.LiveObject': {
      ...reader(
        ['startTime', 'eventThread', 'stackTrace', 'objectClass', 'allocationSize'],
        ([time = 0, thread = 0, stackTrace = 0, classId = 0, value = 0]) => {
          return {
            event: 'live',
            time,
            thread,
            stackTrace,
            state: 0,
            count: 1,
            value,
            classId,
            classType: inlinedType,
          };
        },
      ),
    },
    'profiler.Malloc': plain('nativemem', 'size', 1),
    'profiler.Free': plain('nativemem', '', 0),
    'profiler.NativeLock': plain('nativelock', 'duration', nanosPerTick),
  };
}
