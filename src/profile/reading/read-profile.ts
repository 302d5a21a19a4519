import { openChunks, type OpenChunk } from '../../jfr/recording.ts';
import { damaged } from '../../jfr/cursor.ts';
import type { WantedFields } from '../../jfr/record.ts';
import { StackTable } from './stack-table.ts';
import { ChunkNames } from './chunk-names.ts';
import { JvmFacts } from './jvm-facts.ts';
import type { Profile, ProfileEvent } from '../profile.ts';
import { type Sample, sampleReaders, stateNumbers } from './jfr-samples.ts';
import { profileEvents, slotSeconds } from '../sampling.ts';
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

/** A row that stands for many samples is spread over its time in pieces of half a slot … */
const pieceMs = (slotSeconds * 1000) / 2;
/** … but not in more than two minutes take, so that a few bytes cannot become a million rows. */
const maximumPieces = 480;

class Reading {
  partial = false;
  private readonly stackTable = new StackTable();
  private readonly threads: string[] = [];
  private readonly threadNumbers = new Map<string, number>();
  private readonly samples = new Map<ProfileEvent, SampleRows>();
  private readonly facts = new JvmFacts();
  private readonly settings = new Settings();
  private startMs = Infinity;
  private endMs = -Infinity;
  private chunks = 0;
  private withoutStack = 0;
  private cpuTimeSamples = 0;
  private byTheJdk = false;

  readChunk(chunk: OpenChunk): void {
    this.chunks++;
    const { header, pools } = chunk;
    const names = new ChunkNames(pools, this.stackTable, header.whole);
    this.byTheJdk ||= names.byTheJdk;
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
      const rows = this.rowsOf(sample.event);
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
      ...sampleReaders(states, nanosPerTick, add),
      ...this.facts.readers(pools, atMs, clock.msPerTick),
      ...this.settings.readers(chunk),
      'jdk.CPUTimeSample': { fields: [], visit: () => this.cpuTimeSamples++ },
    };
    if (!chunk.readEvents(readers)) this.partial = true;
    this.endMs = Math.max(this.endMs, lastMs);
  }

  /** Milliseconds that the samples of one row cover; before timeSpan was written, as many intervals. */
  private spanOf({ count, span, event }: Sample, msPerTick: number): number {
    if (count === 1) return 0;
    return span > 0 ? span * msPerTick : ((count - 1) * this.settings.interval(event)) / 1e6;
  }

  private rowsOf(event: ProfileEvent): SampleRows {
    let samples = this.samples.get(event);
    if (samples === undefined) this.samples.set(event, (samples = new SampleRows()));
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
    if (this.chunks === 0 || (this.partial && this.samples.size === 0)) {
      throw damaged('it ends before its constants were written, as when the JVM is killed in the window');
    }
    const durationSeconds = Math.max(0, this.endMs - this.startMs) / 1000;
    // A window lasts some milliseconds longer than asked for: that rest belongs to its last slot.
    const lastSlot = Math.max(0, Math.round(durationSeconds / slotSeconds) - 1);
    const events: Profile['events'] = {};
    for (const event of profileEvents) {
      const samples = this.samples.get(event);
      if (samples === undefined) continue;
      const interval = this.settings.interval(event);
      events[event] = {
        unit: event === 'alloc' || event === 'live' || event === 'nativemem' ? 'bytes' : 'nanoseconds',
        interval,
        samples: samples.columns(lastSlot, event === 'cpu' || event === 'wall' ? interval : null),
      };
    }
    const withoutSamples = this.settings.recorded?.filter((event) => events[event] === undefined);
    return {
      version: 1,
      startedAt: Math.round(this.startMs * 1000) / 1000,
      durationSeconds: Math.round(durationSeconds * 1e6) / 1e6,
      partial: this.partial,
      engine: this.settings.engine,
      mainClass: this.facts.mainClass,
      jvm: this.facts.jvm,
      ...this.stackTable.columns(),
      threads: this.threads,
      events,
      ...(withoutSamples && { withoutSamples }),
      ...this.facts.during(this.startMs, this.endMs),
      warnings: this.warnings(durationSeconds),
    };
  }

  private warnings(durationSeconds: number): string[] {
    const warnings: string[] = [];
    if (this.byTheJdk && this.samples.size > 0)
      warnings.push(
        'Recorded by the JDK itself: threads are sampled while they run, so time spent waiting hardly shows.',
      );
    // Experimental in JDK 25; async-profiler's converter counts them neither as cpu nor as wall.
    if (this.cpuTimeSamples > 0)
      warnings.push(
        `${this.cpuTimeSamples} samples of the JDK's CPU-time sampler (jdk.CPUTimeSample) are not shown.`,
      );
    if (durationSeconds > maximumWindowSeconds)
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

function slotOf(ms: number): number {
  return Math.min(Math.max(0, Math.floor(ms / (slotSeconds * 1000))), maximumWindowSeconds / slotSeconds);
}

/** Samples of one event, those alike added up. */
class SampleRows {
  private readonly rows = new Tuples();
  private readonly counts: number[] = [];
  private readonly values: number[] = [];

  add(stack: number, thread: number, state: number, slot: number, count: number, value: number | null): void {
    const row = this.rows.index(stack, thread, state, slot);
    this.counts[row] = (this.counts[row] ?? 0) + count;
    this.values[row] = (this.values[row] ?? 0) + Math.max(0, value ?? 0);
  }

  /** `interval` is given for events whose value is their count times the interval. */
  columns(lastSlot: number, interval: number | null) {
    const [stack, thread, state, slot] = this.rows.columns;
    return {
      stack,
      thread,
      state,
      slot: slot.map((one) => Math.min(one, lastSlot)),
      count: this.counts,
      value: interval === null ? this.values.map(Math.round) : this.counts.map((count) => count * interval),
    };
  }
}
