/** Memory is reserved before it is used, so that concurrent work never needs more than there is. */
export class MemoryBudget {
  /** Bytes; Infinity: unbounded. */
  readonly total: number;
  #taken = 0;
  readonly #waiting: { bytes: number; grant: (release: () => void) => void }[] = [];

  constructor(total: number) {
    this.total = total;
  }

  /** Returns the release function; null when too little is free now. A request for more than the total gets the total. */
  tryTake(bytes: number): (() => void) | null {
    const capped = Math.min(bytes, this.total);
    return this.#waiting.length > 0 || this.#taken + capped > this.total ? null : this.#grant(capped);
  }

  /** Waits in line: small requests do not overtake a large one. Rejects when aborted. */
  async take(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const now = this.tryTake(bytes);
    if (now !== null) return now;
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const turn = { bytes: Math.min(bytes, this.total), grant: resolve };
    const abort = (): void => {
      const at = this.#waiting.indexOf(turn);
      if (at === -1) return;
      this.#waiting.splice(at, 1);
      reject(signal.reason as Error);
      this.#serve();
    };
    this.#waiting.push(turn);
    signal.addEventListener('abort', abort, { once: true });
    const release = await promise;
    signal.removeEventListener('abort', abort);
    return release;
  }

  #grant(bytes: number): () => void {
    this.#taken += bytes;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#taken -= bytes;
      this.#serve();
    };
  }

  #serve(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#taken + next.bytes > this.total) return;
      this.#waiting.shift();
      next.grant(this.#grant(next.bytes));
    }
  }
}
