import { asFailure, describeReason, Failure } from '../../reasons/failure.ts';
import type { ReasonCode } from '../../reasons/reasons.ts';
import type { Capture } from '../capture.ts';
import { endState } from '../end-state.ts';
import type { Target, Targets } from '../target.ts';
import { targetRequest } from './resolve-target.ts';

/** What a capture would find, as far as it can be known without running anything in a target. */
export type Finding =
  | { result: 'found'; target: Target }
  /** The capture would end so, without touching anything. */
  | { result: 'refused'; failure: Failure; end: 'skipped' | 'failed' }
  /** Only an exec in the candidates tells which of them it is. */
  | { result: 'needs-exec'; failure: Failure }
  /** Whom it takes to know could not be asked, or refused to answer: nothing is known. */
  | { result: 'unanswered'; failure: Failure };

/** One alert, milliseconds. A resolution takes milliseconds, or a second where CPU time is watched. */
const deadlineMs = 30_000;

/** The API server, the engine or this machine did not answer, or not to us. */
const unanswered: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'exec-denied',
  'exec-unavailable',
  'exec-timeout',
  'exec-disconnected',
]);

/**
 * Looks for the target as a capture does, and only reads: for `explain`, and for mode observe. Never rejects.
 * @param targetsOf the adapter of a kind of target
 */
export async function lookAhead(
  capture: Pick<Capture, 'alert' | 'request'>,
  targetsOf: (kind: Target['kind']) => Promise<Targets>,
  signal?: AbortSignal,
): Promise<Finding> {
  try {
    const targets = await targetsOf(capture.request.target.kind);
    const request = { ...targetRequest(capture), readOnly: true as const };
    const target = await soon((deadline) => targets.resolve(request, deadline), signal);
    return { result: 'found', target };
  } catch (error) {
    const failure = asFailure(error);
    if (unanswered.has(failure.code)) return { result: 'unanswered', failure };
    if (failure.code === 'choice-needs-exec') return { result: 'needs-exec', failure };
    return { result: 'refused', failure, end: endState(failure.code) };
  }
}

/** In words, as the detail of `observe-mode`. */
export function describeFinding(finding: Finding): string {
  const words = 'failure' in finding ? failureWords(finding.failure) : '';
  switch (finding.result) {
    case 'found': {
      const { uri, choice } = finding.target;
      return `cooldown and limits aside, it would have profiled ${uri}${choice === '' ? '' : `: ${choice}`}`;
    }
    case 'refused':
      return `it would have ${finding.end === 'skipped' ? 'skipped this' : 'failed'}: ${words}`;
    case 'needs-exec':
      return `cooldown and limits aside, it would have profiled one of several: ${words}`;
    case 'unanswered':
      return `what it would have profiled is not known: ${words}`;
  }
}

function failureWords({ code, reason }: Failure): string {
  const { sentence, detail, remedy } = describeReason(reason);
  return `${code}: ${sentence}${detail === '' ? '' : ` (${detail})`} ${remedy}`;
}

/** Rejects with exec-timeout when it takes too long, also when `work` does not heed its signal. */
async function soon<T>(
  work: (signal: AbortSignal) => Promise<T>,
  stopping: AbortSignal | undefined,
): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const signal = stopping === undefined ? deadline : AbortSignal.any([stopping, deadline]);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Failure('exec-timeout', { detail: `no answer within ${deadlineMs / 1000} s` }));
    });
  });
  return await Promise.race([work(signal), late]);
}
