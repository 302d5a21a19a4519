import { performance } from 'node:perf_hooks';

/** One deadline for everything that closes on shutdown, so that several parts that hang do not add up. */
export class Grace {
  readonly #ms: number;
  #end: number | null = null;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Milliseconds left; the first call starts the clock. */
  left(): number {
    this.#end ??= performance.now() + this.#ms;
    return Math.max(0, this.#end - performance.now());
  }

  /** Waits for the work until the grace ends. Rejects as the work does. */
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
