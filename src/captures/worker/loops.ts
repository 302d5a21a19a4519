import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';

/** Work without success for this long is stuck: many times what the slowest poll of a large ledger takes. */
const stuckMs = 15_000;

/** Work that is done again and again until the signal, and which of it has not succeeded for a while. */
export class Loops {
  readonly #log: Pick<Log, 'error'>;
  readonly #stopping: AbortSignal;
  /** Watched work → when it last succeeded, monotonic milliseconds. */
  readonly #succeeded: Map<string, number>;
  #wakeUp: () => void = () => undefined;
  /** A wake-up while the loop works is not lost: it goes round once more before it sleeps. */
  #woken = false;

  /** @param watched names of the work that counts as stuck when it does not succeed */
  constructor(watched: readonly string[], log: Pick<Log, 'error'>, stopping: AbortSignal) {
    this.#log = log;
    this.#stopping = stopping;
    this.#succeeded = new Map(watched.map((what) => [what, performance.now()]));
  }

  /** Runs the work, then again after `ms`; resolves once stopped. The work must not reject. */
  async every(ms: number, work: () => Promise<void>): Promise<void> {
    while (!this.#stopping.aborted) {
      await work();
      await this.#pause(ms, this.#stopping);
    }
  }

  /** The same, and at once after `wake`. For one loop only. */
  async everyOrWoken(ms: number, work: () => Promise<void>): Promise<void> {
    while (!this.#stopping.aborted) {
      this.#woken = false;
      await work();
      if (this.#woken) continue;
      const alarm = new AbortController();
      this.#wakeUp = () => alarm.abort();
      await this.#pause(ms, AbortSignal.any([alarm.signal, this.#stopping]));
    }
  }

  wake(): void {
    this.#woken = true;
    this.#wakeUp();
  }

  /** Logs an error of this work, so that it does not stop the others. */
  async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.#succeeded.has(what)) this.#succeeded.set(what, performance.now());
    } catch (error) {
      this.#log.error({ err: error }, `${what} failed`);
    }
  }

  /** Which watched work has not succeeded for a while; null: none, or the loops are stopping. */
  stuck(): Failure | null {
    if (this.#stopping.aborted) return null;
    const now = performance.now();
    const [late] = [...this.#succeeded].filter(([, at]) => now - at >= stuckMs);
    if (late === undefined) return null;
    const [what, at] = late;
    return new Failure('queue-stuck', {
      detail: `${what}: no success for ${Math.round((now - at) / 1000)} s`,
    });
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}
