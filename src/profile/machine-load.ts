import type { Profile } from './profile.ts';

type Load = Profile['cpuLoad'][number];

/** Of all processors of the machine, on average: from here on there is none left. */
export const fullMachine = 0.95;
/** Fewer looks (jdk.CPULoad, once a second) say little about a window. */
const leastLooks = 3;

/** The mean of one column of the load; null where the recording holds too little of it. */
export function meanLoad(loads: readonly Load[], of: (load: Load) => number): number | null {
  if (loads.length < leastLooks) return null;
  return loads.reduce((sum, load) => sum + of(load), 0) / loads.length;
}
