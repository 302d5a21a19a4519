import { isRated } from '../recorded.ts';
import type { Profile, ProfileEvent } from '../profile.ts';
import { qualifiedName } from '../frame.ts';
import { frameTypes } from '../sampling.ts';

/** Samples of one event with the same stack (and thread, where that is asked for), whenever they were taken. */
export interface StackSum {
  stack: number;
  /** −1 where threads are not told apart. */
  thread: number;
  count: number;
  /** Nanoseconds or bytes; 0 where nothing says what a sample stands for. */
  value: number;
}

/** By the order of their stacks, so that callees follow their callers. */
export function stackSums(profile: Profile, event: ProfileEvent, byThread: boolean): StackSum[] {
  const samples = profile.events[event]?.samples;
  if (samples === undefined) return [];
  const sums = new Map<number, StackSum>();
  const threads = Math.max(1, profile.threads.length);
  for (const [row, stack] of samples.stack.entries()) {
    const thread = byThread ? (samples.thread[row] ?? 0) : -1;
    const key = byThread ? stack * threads + thread : stack;
    const sum = sums.get(key) ?? { stack, thread, count: 0, value: 0 };
    sum.count += samples.count[row] ?? 0;
    sum.value += samples.value[row] ?? 0;
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) => a.stack - b.stack || a.thread - b.thread);
}

/** What a width is of: nanoseconds or bytes, else samples. Folded stacks have nothing but samples. */
export function weightUnit(profile: Profile, event: ProfileEvent): 'nanoseconds' | 'bytes' | 'samples' {
  const found = profile.events[event];
  const isKnown = found !== undefined && isRated(profile, event) && profile.durationSeconds > 0;
  return isKnown ? found.unit : 'samples';
}

/** `com.acme.shop.Checkout.price`; native names as they are. */
export function frameName(profile: Profile, frame: number): string {
  const type = frameTypes[profile.frames.type[frame] ?? 0] ?? 'native';
  return qualifiedName(profile.frames.name[frame] ?? '', type);
}
