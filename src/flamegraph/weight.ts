import type { ProfileEvent } from '../profile/profile.ts';

/**
 * Which column widths and shares are made of. cpu and wall: samples, whose number is exact. The others: what the
 * samples stand for, since a sample of 1 MB is not one of 16 bytes.
 */
export function weighing(event: ProfileEvent): 'count' | 'value' {
  return event === 'cpu' || event === 'wall' ? 'count' : 'value';
}
