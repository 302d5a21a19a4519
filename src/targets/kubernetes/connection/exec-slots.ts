import { Failure } from '../../../reasons/failure.ts';

/**
 * Limits concurrent execs on one API server. The server's own limits exempt long-running requests, and each exec holds a
 * stream through it and the kubelet, so the limit is ours.
 */
export class ExecSlots {
  readonly #limit: number;
  #used = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit = 20) {
    this.#limit = limit;
  }

  /** Waits for a free slot; resolves to its release function. Rejects when the signal aborts first. */
  async take(signal: AbortSignal): Promise<() => void> {
    while (this.#used >= this.#limit) await this.#turn(signal);
    this.#used++;
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#used--;
      const [next] = this.#waiting;
      next?.();
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', abandon);
        resolve();
      };
      const abandon = (): void => {
        this.#waiting.delete(done);
        reject(new Failure('exec-timeout', { detail: 'waited for a free exec slot' }));
      };
      if (signal.aborted) {
        abandon();
        return;
      }
      this.#waiting.add(done);
      signal.addEventListener('abort', abandon, { once: true });
    });
  }
}
