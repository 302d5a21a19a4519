import type { Profile } from '../profile/profile.ts';

/**
 * A profile as the one-file page carries it. A stack's caller is told as the distance to it, which is 1 for most,
 * and line numbers, which no picture shows, are left out: less than half the bytes, and so much sooner read.
 */
export interface EmbeddedProfile extends Omit<Profile, 'stacks'> {
  stacks: { distance: number[]; frame: number[] };
}

/** For JSON in a page. */
export function embedProfile(profile: Profile): EmbeddedProfile {
  const { parent, frame } = profile.stacks;
  return { ...profile, stacks: { distance: parent.map((caller, stack) => stack - caller), frame } };
}

/** The profile again, all its lines 0. Takes the arrays over: copies of millions of numbers are felt at opening. */
export function extractProfile(embedded: EmbeddedProfile): Profile {
  const { distance, frame } = embedded.stacks;
  for (let stack = 0; stack < distance.length; stack += 1) distance[stack] = stack - distance[stack]!;
  return {
    ...embedded,
    stacks: { parent: distance, frame, line: new Array<number>(distance.length).fill(0) },
  };
}
