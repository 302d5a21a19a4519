import type { Profile, ProfileEvent } from './profile.ts';

/**
 * Whether the samples of an event say how much: false where nothing tells what one of them stands for. Older profiles
 * do not say it themselves, and then have no values.
 */
export function isRated(profile: Profile, event: ProfileEvent): boolean {
  const found = profile.events[event];
  if (found === undefined) return true;
  const { count, value } = found.samples;
  return found.sampling?.rated !== false && (value.some((one) => one > 0) || count.every((one) => one === 0));
}

/** Whether an event was recorded, with samples or without; null where the recording does not say. */
export function wasRecorded(profile: Profile, event: ProfileEvent): boolean | null {
  if (profile.events[event] !== undefined) return true;
  return profile.withoutSamples?.includes(event) ?? null;
}
