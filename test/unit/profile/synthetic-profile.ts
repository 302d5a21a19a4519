import { profileSchema, type Profile, type ProfileEvent } from '../../../src/profile/profile.ts';
import { frameTypes, threadStates, type FrameType, type ThreadState } from '../../../src/profile/sampling.ts';

/** One stack that was seen `count` times in every slot, or in those that are given. */
export interface SyntheticSample {
  event?: ProfileEvent;
  /** Outermost first; `name` is jit-compiled Java when it has a slash, else native; or say which. */
  stack: readonly (string | readonly [name: string, type: FrameType])[];
  thread?: string;
  state?: ThreadState;
  count: number;
  /** Slots of half a second; all of the window by default. */
  slots?: readonly number[];
  /** Nanoseconds or bytes per sample; by default 10 ms, for alloc 512 KiB. */
  value?: number;
}

export interface SyntheticOptions {
  seconds?: number;
  mainClass?: string | null;
  profile?: Partial<Profile>;
}

/** A valid profile made of these samples. */
export function syntheticProfile(
  samples: readonly SyntheticSample[],
  options: SyntheticOptions = {},
): Profile {
  const { seconds = 15, mainClass = 'com.acme.shop.Main' } = options;
  const frames = { name: [''], type: [0] };
  const stacks = { parent: [0], frame: [0], line: [0] };
  const threads: string[] = [];
  const events: Profile['events'] = {};
  const nodes = new Map<string, number>();
  const numberOf = (list: string[], text: string): number => {
    if (!list.includes(text)) list.push(text);
    return list.indexOf(text);
  };
  const frameOf = (name: string, type: FrameType): number => {
    const typeNumber = frameTypes.indexOf(type);
    const known = frames.name.findIndex((one, index) => one === name && frames.type[index] === typeNumber);
    if (known >= 0) return known;
    frames.name.push(name);
    frames.type.push(typeNumber);
    return frames.name.length - 1;
  };
  for (const sample of samples) {
    const event = sample.event ?? 'cpu';
    const profile = (events[event] ??= {
      unit: event === 'alloc' ? 'bytes' : 'nanoseconds',
      interval: event === 'alloc' ? 524_288 : 10_000_000,
      samples: { stack: [], thread: [], state: [], slot: [], count: [], value: [] },
    });
    let node = 0;
    for (const entry of sample.stack) {
      const [name, type] =
        typeof entry === 'string'
          ? [entry, entry.includes('/') ? ('jit' as const) : ('cpp' as const)]
          : entry;
      const key = `${node} ${type} ${name}`;
      let child = nodes.get(key);
      if (child === undefined) {
        child = stacks.parent.length;
        stacks.parent.push(node);
        stacks.frame.push(frameOf(name, type));
        stacks.line.push(7);
        nodes.set(key, child);
      }
      node = child;
    }
    for (const slot of sample.slots ?? Array.from({ length: seconds * 2 }, (_, index) => index)) {
      profile.samples.stack.push(node);
      profile.samples.thread.push(numberOf(threads, sample.thread ?? 'worker-1'));
      profile.samples.state.push(
        threadStates.indexOf(sample.state ?? (event === 'wall' ? 'sleeping' : 'default')),
      );
      profile.samples.slot.push(slot);
      profile.samples.count.push(sample.count);
      profile.samples.value.push(sample.count * (sample.value ?? profile.interval));
    }
  }
  return profileSchema.parse({
    version: 1,
    startedAt: Date.UTC(2026, 0, 6, 14, 0, 0),
    durationSeconds: seconds,
    partial: false,
    engine: 'ctimer',
    mainClass,
    jvm: 'OpenJDK 17',
    frames,
    stacks,
    threads,
    events,
    gcPauses: [],
    cpuLoad: [],
    warnings: [],
    ...options.profile,
  });
}
