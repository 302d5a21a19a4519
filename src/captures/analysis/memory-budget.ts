/** Memory that is promised before it is used, so that what runs at once never needs more than there is. */
export class MemoryBudget {
  /** Bytes; Infinity: without a bound. */
  readonly total: number;
  #taken = 0;
  readonly #waiting: { bytes: number; give: (release: () => void) => void }[] = [];

  constructor(total: number) {
    this.total = total;
  }

  /** Gives it back when called; null when there is too little now. What takes more than all of it gets it alone. */
  tryTake(bytes: number): (() => void) | null {
    const asked = Math.min(bytes, this.total);
    return this.#waiting.length > 0 || this.#taken + asked > this.total ? null : this.#give(asked);
  }

  /** Waits for its turn, in the order of asking: a large one is not passed by small ones. Rejects when aborted. */
  async take(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const now = this.tryTake(bytes);
    if (now !== null) return now;
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const turn = { bytes: Math.min(bytes, this.total), give: resolve };
    const leave = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(turn), 1);
      reject(signal.reason as Error);
      this.#serve();
    };
    this.#waiting.push(turn);
    signal.addEventListener('abort', leave, { once: true });
    const release = await promise;
    signal.removeEventListener('abort', leave);
    return release;
  }

  #give(bytes: number): () => void {
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
      next.give(this.#give(next.bytes));
    }
  }
}
