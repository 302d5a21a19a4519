import type { Profile, ProfileEvent } from '../profile/profile.ts';
import type { Reading } from './reading.ts';
import { threadGroup } from './thread-group.ts';

/** Which of an event's samples a reader looks at; all of them by default. */
export interface Selection {
  /** Full names of frames: stacks with one of them are left out. */
  removed: readonly string[];
  /** Only stacks with this frame; '' for all. */
  focus: string;
  /** Only threads of this group; '' for all. */
  thread: string;
  /** Only this part of the window, in slots: from the first, up to and without the last; null for all. */
  slots: readonly [from: number, to: number] | null;
}

/** Rows of the event's samples (1) that the selection leaves out; null where it leaves out none. O(stacks + samples). */
export function rowsLeftOut(reading: Reading, event: ProfileEvent, selection: Selection): Uint8Array | null {
  const { removed, focus, thread, slots } = selection;
  const samples = reading.profile.events[event]?.samples;
  if (samples === undefined || (removed.length === 0 && focus === '' && thread === '' && slots === null))
    return null;
  const { profile, named } = reading;
  const framesOf = (names: readonly string[]): Uint8Array =>
    Uint8Array.from(named.of, (index) => (names.includes(named.frames[index]!.name) ? 1 : 0));
  const gone = removed.length === 0 ? null : stacksWith(profile, framesOf(removed));
  const wanted = focus === '' ? null : stacksWith(profile, framesOf([focus]));
  const groups = thread === '' ? null : profile.threads.map((name) => (threadGroup(name) === thread ? 1 : 0));
  const out = new Uint8Array(samples.stack.length);
  for (let row = 0; row < out.length; row += 1) {
    const stack = samples.stack[row]!;
    const slot = samples.slot[row]!;
    const isOut =
      gone?.[stack] === 1 ||
      wanted?.[stack] === 0 ||
      (groups !== null && groups[samples.thread[row]!] !== 1) ||
      (slots !== null && (slot < slots[0] || slot >= slots[1]));
    if (isOut) out[row] = 1;
  }
  return out;
}

/** Stacks (1) in which one of the frames is (frame of the profile → 1). */
export function stacksWith(profile: Profile, frames: Uint8Array): Uint8Array {
  const { parent, frame } = profile.stacks;
  const within = new Uint8Array(parent.length);
  for (let stack = 1; stack < parent.length; stack += 1)
    within[stack] = frames[frame[stack]!] === 1 ? 1 : within[parent[stack]!]!;
  return within;
}

export interface ThreadGroup {
  name: string;
  /** Of the event, without idle threads; 0 to 1. */
  share: number;
}

/** Groups of threads with samples of the event, the heaviest first. */
export function threadGroups(reading: Reading, event: ProfileEvent): ThreadGroup[] {
  const samples = reading.profile.events[event]?.samples;
  if (samples === undefined) return [];
  const idle = reading.idleRows(event);
  const names = reading.profile.threads.map(threadGroup);
  const weights = new Map<string, number>();
  let whole = 0;
  for (let row = 0; row < samples.stack.length; row += 1) {
    const name = names[samples.thread[row]!];
    if (name === undefined || idle?.[row] === 1) continue;
    weights.set(name, (weights.get(name) ?? 0) + samples.count[row]!);
    whole += samples.count[row]!;
  }
  return [...weights]
    .map(([name, weight]) => ({ name, share: weight / whole }))
    .sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1));
}
