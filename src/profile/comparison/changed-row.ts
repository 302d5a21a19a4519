import type { Cause } from './cause.ts';
import type { ChangedFrame } from './comparison.ts';
import type { FrameNames } from '../event-samples.ts';
import type { FrameEstimates } from './frame-tally.ts';
import { printableName } from '../frame.ts';
import type { ProfileEvent } from '../profile.ts';
import type { RateUnit } from '../quantities.ts';
import type { RowChange } from './row-change.ts';
import type { Difference } from './statistics.ts';

/** A frame's name for people: dots for Java, native names as they are; without control characters. */
export function displayName(names: FrameNames, frame: number): string {
  const name = printableName(names.names[frame] ?? '');
  const kind = names.kinds[frame];
  return kind === 'native' || kind === 'kernel' || kind === 'gc-jit' ? name : name.replaceAll('/', '.');
}

/** `com.acme.shop.RuleSet.scan` → `RuleSet.scan`; names of native code stay whole. */
export function shortDisplayName(name: string): string {
  if (!/^[\w$.<>]+$/.test(name)) return name;
  return name.split('.').slice(-2).join('.');
}

/** The class of a frame, anonymous ones as their outer class: `com/acme/RuleSet$1.run` → `com/acme/RuleSet`. */
export function classOf(names: FrameNames, frame: number): string {
  const name = names.names[frame] ?? '';
  const method = name.lastIndexOf('.');
  return (method < 0 ? name : name.slice(0, method)).replace(/(?:\$\d+|\$\$Lambda)+$/, '');
}

/** Classes made by the JVM and by libraries around those that somebody wrote, by their stable names. */
const glue =
  /\$\$Lambda|\$Proxy\.|\$\$(?:EnhancerBy|FastClassBy|SpringCGLIB)|\$HibernateProxy|\$ByteBuddy|_\$\$_jvst|Generated\w*Accessor/;

/** Whether the JVM or a library made the class of a method, by its name or its stable name. */
export function isGenerated(name: string): boolean {
  return glue.test(name);
}

/** Application code that a sentence may name: what somebody wrote, not the glue around lambdas and proxies. */
export function isNameable(names: FrameNames, frame: number): boolean {
  return names.kinds[frame] === 'application' && !isGenerated(names.names[frame] ?? '');
}

/**
 * The interval that the test of the rate saw, in the unit of the rate: a² − b² = (a − b)(a + b). It is widened to hold
 * the difference of the means, which a burst moves and the mean of the roots does not.
 */
function rateInterval({
  base,
  current,
  rate,
}: {
  base: FrameEstimates;
  current: FrameEstimates;
  rate: Difference;
}): Pick<ChangedFrame, 'deltaCoresLow' | 'deltaCoresHigh'> {
  const moved = current.rate - base.rate;
  const scale = base.rooted.value + current.rooted.value;
  return {
    deltaCoresLow: Math.max(-base.rate, Math.min(moved, rate.low * scale)),
    deltaCoresHigh: Math.max(moved, rate.high * scale),
  };
}

/** One line of the comparison. */
export function changedRow(
  event: ProfileEvent,
  unit: RateUnit,
  names: FrameNames,
  cause: Cause,
  measured: {
    base: FrameEstimates;
    current: FrameEstimates;
    share: Difference;
    /** On the scale of `rootedRate`. */
    rate: Difference;
    change: RowChange;
    significant: boolean;
  },
  spread: { low: number; high: number } | undefined,
): ChangedFrame {
  return {
    frame: displayName(names, cause.frame),
    event,
    kind: names.kinds[cause.frame] ?? 'native',
    baseShare: measured.base.share.value,
    currentShare: measured.current.share.value,
    deltaShare: measured.share.value,
    deltaShareLow: Math.max(-1, measured.share.low),
    deltaShareHigh: Math.min(1, measured.share.high),
    baseCores: measured.base.rate,
    currentCores: measured.current.rate,
    ...(unit === 'samples' && { unrated: true }),
    ...rateInterval(measured),
    change: measured.change,
    significant: measured.significant,
    mostly: cause.mostly === null ? null : displayName(names, cause.mostly),
    calledBy: cause.calledBy === null ? null : displayName(names, cause.calledBy),
    ...(spread && { spread }),
  };
}
