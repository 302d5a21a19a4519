/** Between two chunks of one recording lie some milliseconds; from here on nothing was recorded meanwhile. */
const leastGapMs = 1000;

/** A stretch of time, epoch milliseconds. */
export interface Span {
  from: number;
  to: number;
}

/**
 * The time in which samples were taken: chunks one after the other, without what lies between two recordings in one
 * file. A rate is over this time alone. Chunks may overlap, as where the JDK's recorder runs beside async-profiler.
 */
export class RecordedTime {
  /** In order, none touching the next. */
  readonly #spans: Span[] = [];

  constructor(spans: readonly Span[]) {
    for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
      const last = this.#spans.at(-1);
      if (last !== undefined && from - last.to < leastGapMs) last.to = Math.max(last.to, to);
      else this.#spans.push({ from, to: Math.max(from, to) });
    }
  }

  /** Epoch milliseconds. */
  get start(): number {
    return this.#spans[0]?.from ?? 0;
  }

  get seconds(): number {
    return this.#spans.reduce((sum, { from, to }) => sum + to - from, 0) / 1000;
  }

  /** How many times nothing was recorded, and for how long altogether. */
  get gaps(): { count: number; seconds: number } {
    const end = this.#spans.at(-1)?.to ?? 0;
    return { count: Math.max(0, this.#spans.length - 1), seconds: (end - this.start) / 1000 - this.seconds };
  }

  includes(ms: number): boolean {
    return this.#spans.some(({ from, to }) => ms >= from && ms <= to);
  }

  /** Recorded milliseconds up to this moment. */
  before(ms: number): number {
    let sum = 0;
    for (const { from, to } of this.#spans) {
      if (ms <= from) break;
      sum += Math.min(ms, to) - from;
    }
    return sum;
  }
}
