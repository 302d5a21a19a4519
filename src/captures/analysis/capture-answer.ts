import { changedFramesOf, compareProfiles } from '../../profile/comparison/compare.ts';
import type { Comparison } from '../../profile/comparison/comparison.ts';
import type { Profile, ProfileEvent } from '../../profile/profile.ts';
import { captureEvents } from '../../profile/sampling.ts';
import { answer as answerOf } from '../../profile/answer/summary.ts';
import type { CpuThrottling } from '../../profile/answer/verdicts.ts';
import type { Capture } from '../capture.ts';
import type { Answer } from '../../profile/answer/answer.ts';

/** Rows of a comparison that are kept; no page or message shows more. */
const maxRows = 20;

/** Of each other event: its tab shows what changed in it, and that the rest did not. */
const maxOtherRows = 6;

/** No difference from a sibling is an answer, too. */
const alikeSentence = 'Both pods look alike: the cause is not this pod alone.';

/** What a profile is compared with. */
export interface Base {
  captureId: string;
  label: string;
  profile: Profile;
  /** More healthy profiles: what varies among them is noise. */
  further: readonly Profile[];
}

/** A capture's profile in words, compared with the base where there is one. Pure. */
export function captureAnswer(
  capture: Capture,
  profile: Profile,
  base: Base | null,
  applicationPackages: readonly string[],
): Answer {
  const { event, durationSeconds, purpose } = capture.request;
  const compare = (which: ProfileEvent): Comparison | null =>
    base &&
    compareProfiles(base.profile, profile, {
      event: which,
      baseLabel: base.label,
      applicationPackages,
      otherBaselines: base.further,
    });
  const comparison = compare(event);
  const others = captureEvents
    .filter((other) => other !== event)
    .map(compare)
    .filter((other) => other !== null);
  const words = answerOf({
    profile,
    event,
    labels: capture.alert.labels,
    startsAt: purpose === 'alert' ? capture.alert.startsAt : null,
    durationSeconds,
    comparison,
    otherComparisons: others,
    cpuThrottling: throttling(capture),
    missingEvents: capture.session?.missingEvents ?? {},
    targetStartedAt: capture.target?.startedAt ?? null,
    applicationPackages,
    whenAlike: base !== null && base.captureId === capture.sibling?.captureId ? alikeSentence : '',
  });
  return {
    ...words,
    comparedWith: base && { captureId: base.captureId, label: base.label },
    comparison: comparison && {
      baseLabel: comparison.baseLabel,
      rows: comparison.changed.slice(0, maxRows),
      otherRows: others.flatMap(({ changed }) => changed.slice(0, maxOtherRows)),
      changedFrames: changedFramesOf([comparison, ...others]),
    },
  };
}

/** cpu.stat after the window minus before; null where the cgroup has none. */
function throttling({ session }: Capture): CpuThrottling | null {
  const before = session?.cpuStat;
  const after = session?.cpuStatAfter;
  if (before == null || after == null) return null;
  return {
    periods: after.periods - before.periods,
    throttledPeriods: after.throttledPeriods - before.throttledPeriods,
    throttledMicros: after.throttledMicros - before.throttledMicros,
  };
}
