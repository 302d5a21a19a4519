import {
  Function as PprofFunction,
  Label,
  Line,
  Location,
  Profile as PprofProfile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format';
import type { Profile, ProfileEvent } from '../profile.ts';
import { frameName, stackSums, weightUnit } from './stack-sums.ts';

/** What pprof calls the two values of an event's samples; where its own tools have a word, that one. */
const valueNames: Record<ProfileEvent, readonly [counted: string, weighed: string]> = {
  cpu: ['samples', 'cpu'],
  wall: ['samples', 'wall'],
  alloc: ['alloc_samples', 'alloc_space'],
  live: ['inuse_samples', 'inuse_space'],
  nativemem: ['malloc_samples', 'malloc_space'],
  lock: ['contentions', 'delay'],
  nativelock: ['contentions', 'delay'],
};

/**
 * One event as pprof's profile.proto, not yet gzipped: a value for the samples, and one for the time or bytes where the
 * recording says what a sample stands for. Labels name the threads.
 */
export function pprof(profile: Profile, event: ProfileEvent): Uint8Array {
  const strings = new StringTable();
  const text = (value: string): number => strings.dedup(value);
  const unit = weightUnit(profile, event);
  const [counted, weighed] = valueNames[event];
  const locations = new Locations(profile, text);
  const threadKey = text('thread');
  const sample = stackSums(profile, event, true).map(
    ({ stack, thread, count, value }) =>
      new Sample({
        locationId: locations.of(stack),
        value: unit === 'samples' ? [Math.round(count)] : [Math.round(count), Math.round(value)],
        label:
          profile.threads[thread] === undefined
            ? []
            : [new Label({ key: threadKey, str: text(profile.threads[thread]) })],
      }),
  );
  const weight = new ValueType({ type: text(weighed), unit: text(unit) });
  const samples = new ValueType({ type: text(counted), unit: text('count') });
  return new PprofProfile({
    sampleType: unit === 'samples' ? [samples] : [samples, weight],
    sample,
    location: locations.all,
    function: locations.functions,
    stringTable: strings,
    timeNanos: BigInt(Math.round(profile.startedAt * 1000)) * 1000n,
    durationNanos: BigInt(Math.round(profile.durationSeconds * 1e9)),
    periodType: weight,
    period: Math.round(profile.events[event]?.interval ?? 0),
    defaultSampleType: unit === 'samples' ? samples.type : weight.type,
  }).encode();
}

/** A location is a frame at a line; pprof wants numbers from 1, the innermost first. */
class Locations {
  readonly all: Location[] = [];
  readonly functions: PprofFunction[] = [];
  readonly #profile: Profile;
  readonly #text: (value: string) => number;
  readonly #functionOf = new Map<string, number>();
  readonly #locationOf = new Map<string, number>();

  constructor(profile: Profile, text: (value: string) => number) {
    this.#profile = profile;
    this.#text = text;
  }

  of(stack: number): number[] {
    const { parent, frame, line } = this.#profile.stacks;
    const inward: number[] = [];
    for (let node = stack; node > 0; node = parent[node] ?? 0)
      inward.push(this.#location(frame[node] ?? 0, line[node] ?? 0));
    return inward;
  }

  #location(frame: number, line: number): number {
    const functionId = this.#function(frameName(this.#profile, frame));
    const key = `${functionId}:${line}`;
    let id = this.#locationOf.get(key);
    if (id === undefined) {
      id = this.all.length + 1;
      this.#locationOf.set(key, id);
      this.all.push(new Location({ id, line: [new Line({ functionId, line })] }));
    }
    return id;
  }

  #function(name: string): number {
    let id = this.#functionOf.get(name);
    if (id === undefined) {
      id = this.functions.length + 1;
      this.#functionOf.set(name, id);
      const text = this.#text(name);
      this.functions.push(new PprofFunction({ id, name: text, systemName: text }));
    }
    return id;
  }
}
