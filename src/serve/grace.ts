import { performance } from 'node:perf_hooks';

/** One time for all that is closed at the end, so that parts that hang one after the other do not add up. */
export class Grace {
  readonly #ms: number;
  #end: number | null = null;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Milliseconds that are left; the first question begins the grace. */
  left(): number {
    this.#end ??= performance.now() + this.#ms;
    return Math.max(0, this.#end - performance.now());
  }

  /** Waits for the work, but not beyond the grace. Rejects as the work does. */
  async within(work: Promise<unknown> | undefined): Promise<void> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.left());
    try {
      await Promise.race([work, over]);
    } finally {
      clearTimeout(timer);
    }
  }
}
