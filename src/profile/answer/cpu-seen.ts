import { processCpu, unseenCpu } from '../process-cpu.ts';
import type { Profile } from '../profile.ts';
import { isRated } from '../recorded.ts';
import { percent, rate } from '../quantities.ts';

/** Below this the rest may be anything: no frame of the samples is worth the first line. */
const leadingShare = 0.5;

/**
 * That the samples hold only a part of the CPU time that the process used, as a sentence; null where they hold it.
 * `leads`: so little that no cause in them may be the headline.
 */
export function unseenSentence(profile: Profile): { sentence: string; leads: boolean } | null {
  const unseen = unseenCpu(profile);
  if (unseen === null) return null;
  const { process, sampled, share } = unseen;
  const used = rate(process.cores, 'cpu');
  const sentence =
    sampled === 0
      ? `cpu: none of the ${used} that the process used is in the samples`
      : `cpu: only ${percent(share)} of the process's CPU time was sampled (${rate(sampled, 'cpu').replace(/ cores$/, '')} of ${used}): what used the rest is not known`;
  return { sentence, leads: share < leadingShare };
}

/** What the process used by its own account, where the samples cannot say how much; '' elsewhere. */
export function processSentence(profile: Profile): string {
  const process = processCpu(profile);
  if (process === null || isRated(profile, 'cpu')) return '';
  const range =
    process.readings === 1 ? '' : `, from ${rate(process.low, 'cpu')} to ${rate(process.high, 'cpu')}`;
  return `The process used ${rate(process.cores, 'cpu')} by its own account (${process.readings} readings of its CPU load${range}).`;
}
