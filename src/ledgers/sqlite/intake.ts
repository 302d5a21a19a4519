import type { AcceptedAlert, AlertDecision } from '../../captures/ledger.ts';
import { Acceptance } from './acceptance.ts';
import type { Database } from './database.ts';

/** Alerts that share a transaction at most, about 50 ms of work; a single notification may have more. */
const maxAlertsTogether = 1_000;

interface Waiting {
  decisions: readonly AlertDecision[];
  now: number;
  result: PromiseWithResolvers<AcceptedAlert[]>;
}

/**
 * Commits notifications that arrive together in one transaction: fsync dominates a commit and costs the same for one as
 * for sixteen. Nothing waits for more to arrive: whatever is there at the end of the event loop's turn is written.
 */
export class Intake {
  readonly #database: Database;
  #waiting: Waiting[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /** Durable when the promise resolves. Rejects as `Database.transaction`, and with ledger-full. */
  accept(decisions: readonly AlertDecision[], now: number): Promise<AcceptedAlert[]> {
    const result = Promise.withResolvers<AcceptedAlert[]>();
    if (this.#waiting.push({ decisions, now, result }) === 1) setImmediate(() => this.flush());
    return result.promise;
  }

  /** Writes everything that is waiting. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length;) {
      let to = from + 1;
      let alerts = waiting[from]!.decisions.length;
      while (to < waiting.length && (alerts += waiting[to]!.decisions.length) <= maxAlertsTogether) to += 1;
      this.#commit(waiting.slice(from, to));
      from = to;
    }
  }

  #commit(group: readonly Waiting[]): void {
    try {
      const accepted = this.#database.transactionSync(() => group.map((one) => this.#write(one)));
      for (const [place, { result }] of group.entries()) result.resolve(accepted[place]!);
    } catch (error) {
      // Nothing was written. One by one, each gets its own result: a single large one may be what does not fit.
      if (group.length > 1) for (const one of group) this.#commit([one]);
      else group[0]?.result.reject(error);
    }
  }

  #write({ decisions, now }: Waiting): AcceptedAlert[] {
    const acceptance = new Acceptance(this.#database, now);
    const accepted = decisions.map((decision) => acceptance.accept(decision));
    this.#database.refuseNewWorkWhenNearlyFull();
    return accepted;
  }
}
