import { z } from 'zod';
import { Failure } from '../reasons/failure.ts';
import { reasons, type ReasonCode } from '../reasons/reasons.ts';
import { safeCommandLine } from './command-line.ts';
import { clockOf, cpuStatOf, fact, skewOf, type Facts } from './facts.ts';
import { sessionSchema, type Session } from './session.ts';

/** What start.sh printed, and when. */
export interface Answer {
  facts: Facts;
  stderr: string;
  /** Our clock around the exec, milliseconds. */
  sentAt: number;
  receivedAt: number;
}

/**
 * What a target may say. Everything in it goes into the ledger and comes back as a parameter of the next scripts, so
 * it is bounded as those are (script.ts); texts by a few times what start.sh prints.
 */
const answeredSchema = sessionSchema.extend({
  bootId: z.string().regex(/^[0-9a-f-]{36}$/),
  pid: z
    .string()
    .regex(/^[1-9]\d{0,9}$/)
    .transform(Number),
  startTicks: z.string().regex(/^\d{1,20}$/),
  leftovers: z.array(z.string().max(4096)).max(20),
  choice: z.string().max(4096),
  checks: z
    .record(z.string().max(100), z.string().max(8192))
    .refine((checks) => Object.keys(checks).length <= 50, 'too many'),
  missingEvents: z.partialRecord(z.enum(['alloc', 'lock']), z.string().max(2000)),
});

const recordingOf = (captureId: string): RegExp =>
  new RegExp(`^(/proc/\\d+/root)?/(tmp|var/tmp|dev/shm)/flamepin-${captureId}/recording\\.jfr$`);

const isReasonCode = (code: string): code is ReasonCode => Object.hasOwn(reasons, code);

/**
 * The session that start.sh began.
 * @param captureId for which it was started
 * @param place of the exec that it ran in
 * @returns also when its first sample was due at the latest (ISO, our clock)
 * @throws Failure with the reason why there is none
 */
export function sessionOf(
  { facts, stderr, sentAt, receivedAt }: Answer,
  captureId: string,
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
  const pid = fact(facts, 'pid');
  if (fact(facts, 'started') !== '1' || recordingPath === null || pid === null) {
    throw new Failure('profiler-failed', {
      detail: 'the script in the target did not finish',
      stderr,
    });
  }
  const clock = clockOf(fact(facts, 'clock'));
  const clockSkewMs = clock === null ? 0 : skewOf(clock, sentAt, receivedAt);
  const under = (prefix: string): Record<string, string> =>
    Object.fromEntries(
      [...facts]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, values]) => [key.slice(prefix.length), values.join('; ')]),
    );
  // Whole seconds may mean a time before we asked or after the answer.
  const firstSample =
    clock === null ? null : Math.min(Math.max(clock.latest - clockSkewMs, sentAt), receivedAt);
  const session = answeredSchema
    .extend({ recordingPath: z.string().regex(recordingOf(captureId)) })
    .safeParse({
      bootId: fact(facts, 'boot') ?? '',
      pid,
      startTicks: fact(facts, 'ticks') ?? '',
      recordingPath,
      place,
      leftovers: [...(facts.get('leftover') ?? [])],
      clockSkewMs,
      choice: fact(facts, 'choice') ?? '',
      commandLine: safeCommandLine(facts.get('arg') ?? []),
      checks: under('check.'),
      missingEvents: under('missing.'),
      cpuStat: cpuStatOf(facts),
      cpuStatAfter: null,
    });
  if (!session.success) {
    const [issue] = session.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new Failure('answer-malformed', { detail: `${field}: ${issue?.message ?? ''}`, stderr });
  }
  return {
    session: session.data,
    firstSampleAt: firstSample === null ? null : new Date(firstSample).toISOString(),
  };
}
