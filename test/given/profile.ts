import { profileSchema, type Profile, type ProfileEvent } from '../../src/profile/profile.ts';
import { frameTypes, threadStates, type FrameType, type ThreadState } from '../../src/profile/sampling.ts';

type Frame = readonly [name: string, type: FrameType];

/** A stack, outermost frame first, and when it was seen. */
interface Seen {
  event: ProfileEvent;
  frames: readonly Frame[];
  line: number;
  thread: string;
  state: ThreadState;
  /** Slots of half a second. */
  slots: readonly { slot: number; count: number; value: number }[];
}

/** Nanoseconds or bytes between two samples. */
const intervalOf = (event: ProfileEvent): number => (event === 'alloc' ? 524_288 : 10_000_000);

/** A valid profile in which that was seen. */
function profileWith(all: readonly Seen[], facts: Omit<Profile, 'frames' | 'stacks' | 'threads' | 'events'>) {
  const frames = { name: [''], type: [0] };
  const stacks = { parent: [0], frame: [0], line: [0] };
  const threads: string[] = [];
  const events: Profile['events'] = {};
  const known = new Map<string, number>();
  const once = (key: string, add: () => number): number => {
    const at = known.get(key) ?? add();
    known.set(key, at);
    return at;
  };
  for (const { event, line, thread, state, slots, ...seen } of all) {
    let node = 0;
    for (const [name, type] of seen.frames) {
      const frame = once(`frame ${type} ${name}`, () => {
        frames.type.push(frameTypes.indexOf(type));
        return frames.name.push(name) - 1;
      });
      const parent = node;
      node = once(`stack ${parent} ${frame}`, () => {
        stacks.frame.push(frame);
        stacks.line.push(line);
        return stacks.parent.push(parent) - 1;
      });
    }
    const threadAt = once(`thread ${thread}`, () => threads.push(thread) - 1);
    const { samples } = (events[event] ??= {
      unit: event === 'alloc' ? 'bytes' : 'nanoseconds',
      interval: intervalOf(event),
      samples: { stack: [], thread: [], state: [], slot: [], count: [], value: [] },
    });
    for (const { slot, count, value } of slots) {
      samples.stack.push(node);
      samples.thread.push(threadAt);
      samples.state.push(threadStates.indexOf(state));
      samples.slot.push(slot);
      samples.count.push(count);
      samples.value.push(value);
    }
  }
  return { ...facts, frames, stacks, threads, events };
}

/** One stack that was seen `count` times in every slot, or in those that are given. */
export interface SyntheticSample {
  event?: ProfileEvent;
  /** Outermost first; `name` is jit-compiled Java when it has a slash, else native; or say which. */
  stack: readonly (string | Frame)[];
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

/** A steady load, stack by stack: for statistics and comparisons. */
export function syntheticProfile(
  samples: readonly SyntheticSample[],
  options: SyntheticOptions = {},
): Profile {
  const { seconds = 15, mainClass = 'com.acme.shop.Main' } = options;
  const window = Array.from({ length: seconds * 2 }, (_, slot) => slot);
  const seen = samples.map(({ event = 'cpu', stack, count, ...rest }) => ({
    event,
    frames: stack.map((entry): Frame =>
      typeof entry === 'string' ? [entry, entry.includes('/') ? 'jit' : 'cpp'] : entry,
    ),
    line: 7,
    thread: rest.thread ?? 'worker-1',
    state: rest.state ?? (event === 'wall' ? 'sleeping' : 'default'),
    slots: (rest.slots ?? window).map((slot) => ({
      slot,
      count,
      value: count * (rest.value ?? intervalOf(event)),
    })),
  }));
  const facts = {
    ...ordinary,
    startedAt: Date.UTC(2026, 0, 6, 14, 0, 0),
    durationSeconds: seconds,
    mainClass,
    jvm: 'OpenJDK 17',
  };
  return profileSchema.parse({ ...profileWith(seen, facts), ...options.profile });
}

/** One line of a small profile written by hand. */
export interface Line {
  /** Frames from the outermost, joined by `;`. A suffix tells the type: `_[k]` kernel, `_[c]` C++, `_[n]` native. */
  stack: string;
  count: number;
  event?: ProfileEvent;
  thread?: string;
  state?: ThreadState;
  /** First half second in which it was seen, and in how many it goes on; default: the first one. */
  slot?: number;
  slots?: number;
  /** What the samples stand for; default 10 ms each. */
  value?: number;
}

const suffixes: Readonly<Record<string, FrameType>> = {
  '_[k]': 'kernel',
  '_[c]': 'cpp',
  '_[n]': 'native',
  '_[i]': 'inlined',
};

function frameOf(written: string): Frame {
  const type = suffixes[written.slice(-4)];
  return type === undefined ? [written, 'jit'] : [written.slice(0, -4), type];
}

/** A profile of 30 s that holds these lines: for pictures that are checked by hand. */
export function profileOf(lines: readonly Line[], changes: Partial<Profile> = {}): Profile {
  const seen = lines.map(({ stack, count, event = 'cpu', slot: first = 0, slots: over = 1, ...rest }) => ({
    event,
    frames: stack.split(';').map(frameOf),
    line: 0,
    thread: rest.thread ?? 'http-nio-8080-exec-1',
    state: rest.state ?? ('default' as const),
    slots: Array.from({ length: over }, (_, at) => {
      const share = Math.floor((count * (at + 1)) / over) - Math.floor((count * at) / over);
      const value = rest.value === undefined ? share * 1e7 : (rest.value * share) / count;
      return { slot: first + at, count: share, value };
    }),
  }));
  const facts = {
    ...ordinary,
    startedAt: Date.UTC(2026, 2, 3, 2, 14, 7),
    durationSeconds: 30,
    mainClass: 'com.acme.shop.Main',
    jvm: null,
  };
  return { ...profileWith(seen, facts), ...changes };
}

const ordinary = {
  version: 1,
  partial: false,
  engine: 'ctimer',
  gcPauses: [],
  cpuLoad: [],
  warnings: [],
} satisfies Partial<Profile>;
