import { openChunks, type OpenChunk } from '../../jfr/recording.ts';
import { damaged } from '../../jfr/cursor.ts';
import type { Value, WantedFields } from '../../jfr/record.ts';
import { RecordedTime, type Span } from './recorded-time.ts';
import { StackTable } from './stack-table.ts';
import { ChunkNames } from './chunk-names.ts';
import { JvmFacts } from './jvm-facts.ts';
import type { Profile } from '../profile.ts';
import { recorderOf, recordingMethods, type Method, type Recorded, type Source } from './recording-method.ts';
import { type Sample, sampleReaders, stateNumbers } from './jfr-samples.ts';
import { frameTypes, profileEvents, slotSeconds } from '../sampling.ts';
import { Settings } from './settings.ts';
import { Tuples } from '../tuples.ts';

/** Constants that a profile needs; all others are passed over. */
const constants: Readonly<Record<string, WantedFields>> = {
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

/**
 * Reads a recording of async-profiler or of the JDK (uncompressed bytes) into a profile: pure, synchronous, linear
 * in its size. Which samples belong to which event is decided by how they were recorded (recording-method.ts). Of
 * recordings of async-profiler 3.0 and later `collapsed` gives the lines of its own converter.
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

/** A row that stands for many samples is spread over its time in pieces of half a slot … */
const pieceMs = (slotSeconds * 1000) / 2;
/** … but not in more than two minutes take, so that a few bytes cannot become a million rows. */
const maximumPieces = 480;

class Reading {
  partial = false;
  private readonly stackTable = new StackTable();
  private readonly threads: string[] = [];
  private readonly threadNumbers = new Map<string, number>();
  private readonly samples = new Map<Source, SampleRows>();
  private readonly facts = new JvmFacts();
  private readonly settings = new Settings();
  /** Of the first chunk, epoch milliseconds; slots are counted from it until the recorded time is known. */
  private startMs = Infinity;
  /** When each chunk was written, and whether it holds samples. */
  private readonly spans: (Span & { sampled: boolean })[] = [];
  private withoutStack = 0;
  /** Chunks of each writer. */
  private byTheJdk = false;
  private byProfiler = false;
  /** Of the JDK's CPU-time sampler: samples that it took and could not keep. */
  private lostSamples = 0;

  readChunk(chunk: OpenChunk): void {
    const { header, pools } = chunk;
    const names = new ChunkNames(pools, this.stackTable, header.whole);
    const { byTheJdk } = names;
    if (byTheJdk) this.byTheJdk = true;
    else this.byProfiler = true;
    const states = stateNumbers(chunk);
    const clock = { ...header, startMs: header.startNanos / 1e6, msPerTick: 1000 / header.ticksPerSecond };
    this.startMs = Math.min(this.startMs, clock.startMs);
    let lastMs = clock.startMs + header.durationNanos / 1e6;
    const atMs = (ticks: number) => clock.startMs + (ticks - clock.startTicks) * clock.msPerTick;
    const threadOf = this.threadReader(chunk);
    let sampled = false;
    const add = (sample: Sample) => {
      const hasNone = sample.stackTrace === 0 && sample.source === 'jdk-cpu-time';
      const stack = hasNone ? this.unknownStack() : names.stack(sample.stackTrace);
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
      sampled = true;
      const rows = this.rowsOf(sample.source);
      const thread = threadOf(sample.thread);
      const spanMs = this.spanOf(sample, clock.msPerTick);
      const pieces = Math.max(1, Math.min(sample.count, Math.ceil(spanMs / pieceMs), maximumPieces));
      for (let piece = 0, placed = 0; piece < pieces; piece++) {
        const count = Math.floor(((piece + 1) * sample.count) / pieces) - placed;
        placed += count;
        const slot = slotOf(ms - this.startMs + (pieces === 1 ? 0 : (spanMs * (piece + 0.5)) / pieces));
        rows.add(node, thread, sample.state, slot, count, sample.value);
      }
    };
    const nanosPerTick = 1e9 / header.ticksPerSecond;
    const readers = {
      ...sampleReaders(byTheJdk, states, nanosPerTick, add),
      ...this.facts.readers(pools, byTheJdk, atMs, clock.msPerTick),
      ...this.settings.readers(chunk, byTheJdk),
      'jdk.CPUTimeSamplesLost': {
        fields: ['lostSamples'],
        visit: ([lost]: readonly Value[]) => {
          if (typeof lost === 'number' && lost > 0) this.lostSamples += lost;
        },
      },
    };
    if (!chunk.readEvents(readers)) this.partial = true;
    this.spans.push({ from: clock.startMs, to: lastMs, sampled });
  }

  /** Milliseconds that the samples of one row cover; before timeSpan was written, as many intervals. */
  private spanOf({ count, span, source }: Sample, msPerTick: number): number {
    if (count === 1) return 0;
    if (span > 0) return span * msPerTick;
    return source === 'wall-clock' ? ((count - 1) * this.settings.interval('wall')) / 1e6 : 0;
  }

  private rowsOf(source: Source): SampleRows {
    let samples = this.samples.get(source);
    if (samples === undefined) this.samples.set(source, (samples = new SampleRows()));
    return samples;
  }

  /** The JDK could not walk it, but the time was spent: it counts, as async-profiler's do. */
  private unknownStack(): number {
    return this.stackTable.child(0, this.stackTable.frame('unknown', frameTypes.indexOf('native')), 0);
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
    if (this.spans.length === 0 || (this.partial && this.samples.size === 0)) {
      throw damaged('it ends before its constants were written, as when the JVM is killed in the window');
    }
    const time = this.recordedTime();
    const durationSeconds = time.seconds;
    // A window lasts some milliseconds longer than asked for: that rest belongs to its last slot.
    const lastSlot = Math.max(0, Math.round(durationSeconds / slotSeconds) - 1);
    const recorded = this.recorded();
    const { methods, leftOut } = recordingMethods(recorded);
    const events: Profile['events'] = {};
    for (const event of profileEvents) {
      const method = methods.find((one) => one.event === event);
      if (method === undefined) continue;
      const { sampler, counts, rated, interval } = method;
      events[event] = {
        unit: event === 'alloc' || event === 'live' || event === 'nativemem' ? 'bytes' : 'nanoseconds',
        interval,
        sampling: { sampler, counts, rated },
        samples: this.columns(method, (slot) => Math.min(this.recordedSlot(slot, time), lastSlot)),
      };
    }
    const withoutSamples = this.settings.recorded?.filter((event) => events[event] === undefined);
    const recorder = recorderOf(recorded);
    return {
      version: 1,
      startedAt: Math.round(time.start * 1000) / 1000,
      durationSeconds: Math.round(durationSeconds * 1e6) / 1e6,
      partial: this.partial,
      engine: events.cpu?.sampling?.counts === 'cpu-time' ? engineOf(recorded) : this.settings.engine,
      ...(recorder !== null && { recorder }),
      mainClass: this.facts.mainClass,
      jvm: this.facts.jvm,
      ...this.stackTable.columns(),
      threads: this.threads,
      events,
      ...(withoutSamples && { withoutSamples }),
      ...this.facts.during(time),
      ...(this.facts.processors !== undefined && { processors: this.facts.processors }),
      warnings: [...this.samplingWarnings(methods, leftOut), ...this.warnings(time)],
    };
  }

  /** Of the chunks that hold samples; of all where none does. */
  private recordedTime(): RecordedTime {
    const sampled = this.spans.filter((span) => span.sampled);
    return new RecordedTime(sampled.length > 0 ? sampled : this.spans);
  }

  /** Slots of time in which nothing was recorded are taken out. */
  private recordedSlot(slot: number, time: RecordedTime): number {
    const middle = (slot + 0.5) * slotSeconds * 1000;
    return slotOf(time.before(this.startMs + middle));
  }

  private recorded(): Recorded {
    const { version, lead, engine, lockThreshold } = this.settings;
    return {
      byProfiler: this.byProfiler,
      byTheJdk: this.byTheJdk,
      version,
      lead,
      engine,
      lockThreshold,
      interval: (event) => this.settings.interval(event),
      jvm: this.facts.jvm,
      sources: new Set(this.samples.keys()),
    };
  }

  private columns({ event, sources, counts, rated, interval }: Method, slotOf: (slot: number) => number) {
    const all = sources.map((source) => this.samples.get(source)).filter((rows) => rows !== undefined);
    const perSample = counts === null || (rated && interval === 0) ? null : interval;
    const parts = all.map((rows) => rows.columns(slotOf, perSample));
    const joined = (name: keyof (typeof parts)[number]) =>
      parts.length === 1 ? parts[0]![name] : parts.flatMap((part) => part[name]);
    const stack = joined('stack');
    return {
      stack,
      thread: joined('thread'),
      // Before 3.0 async-profiler calls whatever uses the processor runnable.
      state: event === 'cpu' ? stack.map(() => 0) : joined('state'),
      slot: joined('slot'),
      count: joined('count'),
      value: joined('value'),
    };
  }

  /** What the samples cannot tell, by how they were taken. */
  private samplingWarnings(methods: readonly Method[], leftOut: readonly Source[]): string[] {
    const warnings: string[] = [];
    const cpu = methods.find(({ event }) => event === 'cpu');
    const wall = methods.find(({ event }) => event === 'wall');
    if (cpu?.counts === 'running-java')
      warnings.push(
        `Recorded by ${cpu.sampler}: it looks at a few threads at a time while they run Java code, so its samples show where, not how much, and neither garbage collection nor compilation.`,
      );
    if (cpu?.counts === 'occurrences')
      warnings.push(`Recorded with -e ${cpu.sampler}: samples count that, not CPU time.`);
    if (wall?.counts === 'native-calls')
      warnings.push(
        'Recorded by the JDK itself: wall holds only threads in native code, working or waiting, so time spent waiting hardly shows.',
      );
    const dropped = leftOut.reduce((sum, source) => sum + (this.samples.get(source)?.samples ?? 0), 0);
    if (dropped > 0)
      warnings.push(
        `${dropped} samples are left out: another sampler recorded the same, and both together would count it twice.`,
      );
    if (this.lostSamples > 0)
      warnings.push(`${this.lostSamples} samples of CPU time were lost by the JDK: rates are too low.`);
    return warnings;
  }

  private warnings(time: RecordedTime): string[] {
    const warnings: string[] = [];
    const { gaps } = time;
    if (gaps.count > 0)
      warnings.push(
        `${time.seconds.toFixed(0)} s were recorded, in ${gaps.count + 1} parts: the ${gaps.seconds.toFixed(0)} s between them are left out.`,
      );
    if (time.seconds > maximumWindowSeconds)
      warnings.push(
        'The recording is longer than a day: in the time strip, everything after the first day is drawn at its end.',
      );
    if (this.partial) warnings.push('The recording is cut off: only its complete parts are shown.');
    if (this.withoutStack > 0) {
      warnings.push(`${this.withoutStack} samples are left out: their stacks are not in the recording.`);
    }
    return warnings;
  }
}

/** async-profiler's engine; before it named it, what `-e` says, which may leave it open. */
function engineOf({ engine, lead }: Recorded): string | null {
  return engine ?? (lead === 'itimer' || lead === 'ctimer' ? lead : null);
}

function slotOf(ms: number): number {
  return Math.min(Math.max(0, Math.floor(ms / (slotSeconds * 1000))), maximumWindowSeconds / slotSeconds);
}

/** Samples of one source, those alike added up. */
class SampleRows {
  samples = 0;
  private readonly rows = new Tuples();
  private readonly counts: number[] = [];
  private readonly values: number[] = [];

  add(stack: number, thread: number, state: number, slot: number, count: number, value: number): void {
    const row = this.rows.index(stack, thread, state, slot);
    this.samples += count;
    this.counts[row] = (this.counts[row] ?? 0) + count;
    this.values[row] = (this.values[row] ?? 0) + Math.max(0, value);
  }

  /** `interval` is given where a row's value is its count times the interval. */
  columns(slotOf: (slot: number) => number, interval: number | null) {
    const [stack, thread, state, slot] = this.rows.columns;
    return {
      stack,
      thread,
      state,
      slot: slot.map(slotOf),
      count: this.counts,
      value: interval === null ? this.values.map(Math.round) : this.counts.map((count) => count * interval),
    };
  }
}
