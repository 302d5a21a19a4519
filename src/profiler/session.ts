import type { Session } from '../captures/capture.ts';
import { Failure } from '../reasons/failure.ts';
import { reasons, type ReasonCode } from '../reasons/reasons.ts';
import { safeCommandLine } from './command-line.ts';
import { clockOf, cpuStatOf, fact, skewOf, type Facts } from './facts.ts';

/** What start.sh said, and when we asked. */
export interface Answer {
  facts: Facts;
  stderr: string;
  /** Our clock around the exec, milliseconds. */
  sentAt: number;
  receivedAt: number;
}

const isReasonCode = (code: string): code is ReasonCode => Object.hasOwn(reasons, code);

/**
 * The session that start.sh began.
 * @param place of the exec that it ran in
 * @returns also when its first sample was due at the latest (ISO, our clock)
 * @throws Failure with the reason why there is none
 */
export function sessionOf(
  { facts, stderr, sentAt, receivedAt }: Answer,
  place: string | null,
): { session: Session; firstSampleAt: string | null } {
  const refused = fact(facts, 'refused');
  if (refused !== null) {
    throw new Failure(isReasonCode(refused) ? refused : 'profiler-failed', {
      detail: fact(facts, 'detail') ?? '',
      stderr,
    });
  }
  const recordingPath = fact(facts, 'recording');
  const pid = Number(fact(facts, 'pid'));
  if (fact(facts, 'started') !== '1' || recordingPath === null || !(pid > 0)) {
    throw new Failure('profiler-failed', {
      detail: 'the script in the target did not come to its end',
      stderr,
    });
  }
  const clock = clockOf(fact(facts, 'clock'));
  const clockSkewMs = clock === null ? 0 : skewOf(clock, sentAt, receivedAt);
  const checks: Record<string, string> = {};
  for (const [key, values] of facts) {
    if (key.startsWith('check.')) checks[key.slice('check.'.length)] = values.join('; ');
  }
  // Whole seconds may mean a time before we asked or after the answer.
  const firstSample =
    clock === null ? null : Math.min(Math.max(clock.latest - clockSkewMs, sentAt), receivedAt);
  return {
    session: {
      bootId: fact(facts, 'boot') ?? '',
      pid,
      startTicks: fact(facts, 'ticks') ?? '',
      recordingPath,
      place,
      leftovers: [...(facts.get('leftover') ?? [])],
      clockSkewMs,
      choice: fact(facts, 'choice') ?? '',
      commandLine: safeCommandLine(facts.get('arg') ?? []),
      checks,
      cpuStat: cpuStatOf(facts),
      cpuStatAfter: null,
    },
    firstSampleAt: firstSample === null ? null : new Date(firstSample).toISOString(),
  };
}
