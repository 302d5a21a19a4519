import type { Profile, ProfileEvent } from './profile.ts';

/** Whether an event was recorded, with samples or without; null where the recording does not say. */
export function wasRecorded(profile: Profile, event: ProfileEvent): boolean | null {
  if (profile.events[event] !== undefined) return true;
  return profile.withoutSamples?.includes(event) ?? null;
}
