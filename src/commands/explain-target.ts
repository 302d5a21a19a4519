import type { Alert } from '../alerts/alert.ts';
import { endState } from '../captures/end-state.ts';
import { targetRequest } from '../captures/stages/resolve-target.ts';
import type { Target } from '../captures/target.ts';
import { asFailure, Failure } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';
import type { Explanation } from '../routing/explain.ts';
import type { OpenTargets } from '../serve/open-targets.ts';
import type { SentRequest, SentRequests } from './explain-requests.ts';

/** What came of looking for the target. */
export type Finding =
  | { result: 'found'; target: Target }
  /** A capture would end so, without touching anything. */
  | { result: 'refused'; failure: Failure; end: 'skipped' | 'failed' }
  /** Only an exec in the candidates tells which of them it is. */
  | { result: 'needs-exec'; failure: Failure }
  /** Whom it takes to know could not be asked, or refused to answer: nothing is known. */
  | { result: 'unanswered'; failure: Failure }
  | { result: 'not-looked-for' };

export interface Looked {
  finding: Finding;
  /** Sent for this alert. Answers of the API server are kept for five seconds, and serve alerts that need the same. */
  sent: readonly SentRequest[];
}

/** One alert, milliseconds. A resolution takes milliseconds, or a second where CPU time is watched. */
const deadlineMs = 30_000;

/** The API server, the engine or this machine did not answer, or not to us. */
const unanswered: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'exec-denied',
  'exec-unavailable',
  'exec-timeout',
  'exec-disconnected',
]);
/** Nobody was there: asking again for the next of a thousand alerts would take hours. */
const absent: ReadonlySet<ReasonCode> = new Set<ReasonCode>(['exec-unavailable', 'exec-timeout']);

/** Looks for targets as a capture does, except that it runs nothing in them. */
export class TargetSearch {
  readonly #targets: OpenTargets;
  readonly #requests: SentRequests;
  readonly #known = new Map<string, Finding>();
  readonly #absent = new Map<Target['kind'], Failure>();

  constructor(targets: OpenTargets, requests: SentRequests) {
    this.#targets = targets;
    this.#requests = requests;
  }

  /** Never rejects. Where the decision ends before a target is looked for, it asks nobody. */
  async look({ alert, outcome, request }: Explanation): Promise<Looked> {
    if (request === null || (outcome !== 'queued' && outcome !== 'observed'))
      return { finding: { result: 'not-looked-for' }, sent: [] };
    const key = JSON.stringify([alert.labels, alert.startsAt, alert.generatorUrl, request.target]);
    const known = this.#known.get(key);
    if (known !== undefined) return { finding: known, sent: [] };
    const { result, sent } = await this.#requests.during(() => this.#find(alert, request));
    this.#known.set(key, result);
    return { finding: result, sent };
  }

  async #find(alert: Alert, request: NonNullable<Explanation['request']>): Promise<Finding> {
    const { kind } = request.target;
    const before = this.#absent.get(kind);
    if (before !== undefined) return { result: 'unanswered', failure: before };
    try {
      const targets = await this.#targets.get(kind);
      const wanted = { ...targetRequest({ alert, request }), readOnly: true as const };
      return {
        result: 'found',
        target: await within(deadlineMs, (signal) => targets.resolve(wanted, signal)),
      };
    } catch (error) {
      const failure = asFailure(error);
      if (absent.has(failure.code)) this.#absent.set(kind, failure);
      if (unanswered.has(failure.code)) return { result: 'unanswered', failure };
      if (failure.code === 'choice-needs-exec') return { result: 'needs-exec', failure };
      return { result: 'refused', failure, end: endState(failure.code) };
    }
  }
}

/** Rejects with exec-timeout after `ms`, also when `work` does not heed its signal. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Failure('exec-timeout', { detail: `no answer within ${ms / 1000} s` }));
    });
  });
  return await Promise.race([work(signal), late]);
}
