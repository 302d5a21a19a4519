import type { EventProfile, Profile, ProfileEvent } from '../../../src/profile/profile.ts';
import { frameTypes, threadStates } from '../../../src/profile/sampling.ts';

/** One line of a small profile written by hand. */
export interface Line {
  /** Frames from the outermost, joined by `;`. A suffix tells the type: `_[k]` kernel, `_[c]` C++, `_[n]` native. */
  stack: string;
  count: number;
  event?: ProfileEvent;
  thread?: string;
  state?: (typeof threadStates)[number];
  /** First half second in which it was seen, and in how many it goes on; default: the first one. */
  slot?: number;
  slots?: number;
  /** What the samples stand for; default 10 ms each. */
  value?: number;
}

const suffixes: Readonly<Record<string, (typeof frameTypes)[number]>> = {
  '_[k]': 'kernel',
  '_[c]': 'cpp',
  '_[n]': 'native',
  '_[i]': 'inlined',
};

/** A profile of 30 s that holds these lines. */
export function profileOf(lines: readonly Line[], changes: Partial<Profile> = {}): Profile {
  const frames = { name: [''], type: [0] };
  const frameAt = new Map<string, number>();
  const stacks = { parent: [0], frame: [0], line: [0] };
  const stackAt = new Map<string, number>();
  const threads: string[] = [];
  const events: Partial<Record<ProfileEvent, EventProfile>> = {};
  for (const { stack, count, event = 'cpu', thread = 'http-nio-8080-exec-1', ...rest } of lines) {
    let at = 0;
    for (const written of stack.split(';')) {
      let frame = frameAt.get(written);
      if (frame === undefined) {
        const type = suffixes[written.slice(-4)];
        frame = frames.name.push(type === undefined ? written : written.slice(0, -4)) - 1;
        frames.type.push(frameTypes.indexOf(type ?? 'jit'));
        frameAt.set(written, frame);
      }
      const key = `${at} ${frame}`;
      let next = stackAt.get(key);
      if (next === undefined) {
        next = stacks.parent.push(at) - 1;
        stacks.frame.push(frame);
        stacks.line.push(0);
        stackAt.set(key, next);
      }
      at = next;
    }
    if (!threads.includes(thread)) threads.push(thread);
    const { samples } = (events[event] ??= {
      unit: event === 'alloc' ? 'bytes' : 'nanoseconds',
      interval: 1e7,
      samples: { stack: [], thread: [], state: [], slot: [], count: [], value: [] },
    });
    const over = rest.slots ?? 1;
    for (let slot = 0; slot < over; slot += 1) {
      const share = Math.floor((count * (slot + 1)) / over) - Math.floor((count * slot) / over);
      samples.stack.push(at);
      samples.thread.push(threads.indexOf(thread));
      samples.state.push(threadStates.indexOf(rest.state ?? 'default'));
      samples.slot.push((rest.slot ?? 0) + slot);
      samples.count.push(share);
      samples.value.push(rest.value === undefined ? share * 1e7 : (rest.value * share) / count);
    }
  }
  return {
    version: 1,
    startedAt: Date.UTC(2026, 2, 3, 2, 14, 7),
    durationSeconds: 30,
    partial: false,
    engine: 'ctimer',
    mainClass: 'com.acme.shop.Main',
    jvm: null,
    frames,
    stacks,
    threads,
    events,
    gcPauses: [],
    cpuLoad: [],
    warnings: [],
    ...changes,
  };
}
