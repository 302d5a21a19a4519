import type { ProfileEvent } from '../profile/profile.ts';
import { isRated } from '../profile/recorded.ts';
import { slotSeconds } from '../profile/sampling.ts';
import type { Reading } from './reading.ts';
import { stacksWith } from './selection.ts';
import { weighing } from './weight.ts';

/** A day's: later samples stand in the last of them (read-profile.ts). */
const maximumSlots = (24 * 3600) / slotSeconds;

/** One event over the window. */
export interface TimeStrip {
  /** Weight per slot of half a second, idle threads left out. */
  slots: Float64Array;
  /** Their sum. */
  weight: number;
  samples: number;
}

/**
 * An event over time, of all samples or of those in whose stack one of `frames` is (frame of the profile → 1).
 * Recursion counts once. `leftOut`: rows of its samples that do not count (1). O(stacks + samples).
 */
export function timeStrip(
  reading: Reading,
  event: ProfileEvent,
  frames: Uint8Array | null,
  leftOut: Uint8Array | null = null,
): TimeStrip {
  const { profile } = reading;
  const count = Math.min(Math.max(1, Math.ceil(profile.durationSeconds / slotSeconds)), maximumSlots);
  const strip: TimeStrip = { slots: new Float64Array(count), weight: 0, samples: 0 };
  const samples = profile.events[event]?.samples;
  if (samples === undefined) return strip;
  const weights = samples[weighing(event)];
  const idle = reading.idleRows(event);
  const within = frames === null ? null : stacksWith(profile, frames);
  for (let row = 0; row < samples.stack.length; row += 1) {
    if (idle?.[row] === 1 || leftOut?.[row] === 1 || within?.[samples.stack[row]!] === 0) continue;
    const slot = Math.min(samples.slot[row]!, count - 1);
    strip.slots[slot]! += weights[row]!;
    strip.weight += weights[row]!;
    strip.samples += samples.count[row]!;
  }
  return strip;
}

/**
 * What an event amounts to per second of the window, idle threads left out: cores, threads, bytes per second or
 * seconds of waiting per second. null where nothing says what one sample stands for.
 */
export function ratePerSecond(reading: Reading, event: ProfileEvent): number | null {
  const { profile } = reading;
  const found = profile.events[event];
  if (!isRated(profile, event)) return null;
  if (found === undefined || profile.durationSeconds === 0) return 0;
  const idle = reading.idleRows(event);
  let value = 0;
  const amounts = found.samples.value;
  for (let row = 0; row < amounts.length; row += 1) if (idle?.[row] !== 1) value += amounts[row]!;
  return value / profile.durationSeconds / (found.unit === 'nanoseconds' ? 1e9 : 1);
}
