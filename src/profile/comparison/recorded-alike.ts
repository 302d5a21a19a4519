import type { Profile, ProfileEvent, Sampling } from '../profile.ts';
import { isRated } from '../recorded.ts';
import type { SampleCount } from '../sampling.ts';

const counted: Record<SampleCount, string> = {
  'cpu-time': 'CPU time',
  'wall-time': 'wall-clock time',
  'running-java': 'threads that run Java code',
  'native-calls': 'threads in native code',
  occurrences: 'occurrences',
};

/**
 * Why samples of this event cannot be set against each other: they count different things, or were taken by different
 * samplers, which miss different things. null where they were recorded alike; other intervals do not matter, as
 * samples are weighed by them.
 * @returns the end of a sentence: `it was sampled by itimer in Tue 14:00 and by ctimer now`
 */
export function recordedOtherwise(
  base: Profile,
  current: Profile,
  event: ProfileEvent,
  baseLabel: string,
): string | null {
  const [before, after] = [samplingOf(base, event), samplingOf(current, event)];
  if (before === null || after === null) return otherRecorder(base, current, event, baseLabel);
  const units = [base, current].map((profile) => profile.events[event]?.unit);
  if (units[0] !== units[1]) return `it is in ${units[0]} in ${baseLabel} and in ${units[1]} now`;
  if (before.counts !== null && after.counts !== null && before.counts !== after.counts)
    return `its samples count ${whatOf(before)} in ${baseLabel} and ${whatOf(after)} now`;
  if (before.sampler !== after.sampler)
    return `it was recorded by ${before.sampler} in ${baseLabel}, by ${after.sampler} now`;
  return otherRates(base, current, event, baseLabel);
}

function whatOf({ counts, sampler }: Sampling): string {
  return counts === 'occurrences' ? `${sampler}` : counted[counts ?? 'occurrences'];
}

/** Profiles of older versions do not say it: all were recorded with the engine that they name. */
function samplingOf(profile: Profile, event: ProfileEvent): Sampling | null {
  const found = profile.events[event];
  if (found === undefined) return null;
  if (found.sampling !== undefined) return found.sampling;
  if (event === 'cpu')
    return { sampler: profile.engine ?? 'an unnamed engine', counts: 'cpu-time', rated: true };
  return event === 'wall' ? { sampler: 'the wall clock', counts: 'wall-time', rated: true } : null;
}

function otherRates(base: Profile, current: Profile, event: ProfileEvent, baseLabel: string): string | null {
  const [before, after] = [isRated(base, event), isRated(current, event)];
  return before === after ? null : `its interval is not known ${after ? `in ${baseLabel}` : 'this time'}`;
}

/** An event that one side lacks is told by another recorder's not having seen any: it might have left them out. */
function otherRecorder(
  base: Profile,
  current: Profile,
  event: ProfileEvent,
  baseLabel: string,
): string | null {
  if (base.events[event] !== undefined && current.events[event] !== undefined)
    return otherRates(base, current, event, baseLabel);
  if (base.recorder === undefined || current.recorder === undefined) return null;
  const [before, after] = [base.recorder, current.recorder].map((name) => name.replace(/ [\d.]+\S*/, ''));
  return before === after
    ? null
    : `${base.recorder} recorded ${baseLabel}, and ${current.recorder} recorded now`;
}
