import { lookAhead, type Finding } from '../captures/stages/look-ahead.ts';
import type { Target } from '../captures/target.ts';
import type { ReasonCode } from '../reasons/reasons.ts';
import type { Explanation } from '../routing/explain.ts';
import type { OpenTargets } from '../serve/open-targets.ts';
import type { SentRequest, SentRequests } from './explain-requests.ts';

/** What came of looking for the target; `not-looked-for` where no capture would look for one, or nobody may be asked. */
export type Outlook = Finding | { result: 'not-looked-for' };

export interface Looked {
  finding: Outlook;
  /** Sent for this alert. Answers of the API server are kept for five seconds, and serve alerts that need the same. */
  sent: readonly SentRequest[];
}

/** Nobody was there: asking again for the next of a thousand alerts would take hours. */
const absent: ReadonlySet<ReasonCode> = new Set<ReasonCode>(['exec-unavailable', 'exec-timeout']);

/** Looks for the targets of many alerts, for equal ones once. */
export class TargetSearch {
  readonly #targets: OpenTargets;
  readonly #requests: SentRequests;
  readonly #known = new Map<string, Finding>();
  readonly #absent = new Map<Target['kind'], Finding>();

  constructor(targets: OpenTargets, requests: SentRequests) {
    this.#targets = targets;
    this.#requests = requests;
  }

  /** Never rejects. Where the decision ends before a target is looked for, it asks nobody. */
  async look({ alert, outcome, request }: Explanation): Promise<Looked> {
    if (request === null || (outcome !== 'queued' && outcome !== 'observed'))
      return { finding: { result: 'not-looked-for' }, sent: [] };
    const { kind } = request.target;
    const key = JSON.stringify([alert.labels, alert.startsAt, alert.generatorUrl, request.target]);
    const known = this.#absent.get(kind) ?? this.#known.get(key);
    if (known !== undefined) return { finding: known, sent: [] };
    const { result, sent } = await this.#requests.during(() =>
      lookAhead({ alert, request }, (wanted) => this.#targets.get(wanted)),
    );
    this.#known.set(key, result);
    if (result.result === 'unanswered' && absent.has(result.failure.code)) this.#absent.set(kind, result);
    return { finding: result, sent };
  }
}
