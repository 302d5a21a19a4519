import type { Profile, ProfileEvent } from '../profile.ts';
import { profileEvents } from '../sampling.ts';
import { frameName, stackSums, weightUnit } from './stack-sums.ts';

/** https://www.speedscope.app/file-format-schema.json */
const schema = 'https://www.speedscope.app/file-format-schema.json';

interface SampledProfile {
  type: 'sampled';
  name: string;
  unit: 'nanoseconds' | 'bytes' | 'none';
  startValue: number;
  endValue: number;
  samples: number[][];
  weights: number[];
}

/** speedscope's own JSON: each event is a profile of the file, and `event` the one that is shown first. */
export function speedscope(profile: Profile, event: ProfileEvent, name: string): string {
  const frames: { name: string }[] = [];
  const numbers = new Map<string, number>();
  const numberOf = profile.frames.name.map((_, frame) => {
    if (frame === 0) return -1; // the root
    const called = frameName(profile, frame);
    let number = numbers.get(called);
    if (number === undefined) {
      number = frames.push({ name: called }) - 1;
      numbers.set(called, number);
    }
    return number;
  });
  const events = profileEvents.filter((each) => profile.events[each] !== undefined);
  return JSON.stringify({
    $schema: schema,
    name,
    exporter: 'flamepin',
    activeProfileIndex: Math.max(0, events.indexOf(event)),
    shared: { frames },
    profiles: events.map((each) => sampled(profile, each, numberOf)),
  });
}

function sampled(profile: Profile, event: ProfileEvent, numberOf: readonly number[]): SampledProfile {
  const { parent, frame } = profile.stacks;
  const unit = weightUnit(profile, event);
  const sums = stackSums(profile, event, false);
  const weights = sums.map(({ count, value }) => (unit === 'samples' ? count : value));
  return {
    type: 'sampled',
    name: event,
    unit: unit === 'samples' ? 'none' : unit,
    startValue: 0,
    endValue: weights.reduce((sum, weight) => sum + weight, 0),
    samples: sums.map(({ stack }) => {
      const outward: number[] = [];
      for (let node = stack; node > 0; node = parent[node] ?? 0)
        outward.push(numberOf[frame[node] ?? 0] ?? 0);
      return outward.reverse();
    }),
    weights,
  };
}
