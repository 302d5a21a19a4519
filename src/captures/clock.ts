import { performance } from 'node:perf_hooks';

/** Smaller differences, milliseconds, come from slewing and from reading two clocks one after the other. */
const leastStepMs = 1_000;

/**
 * The time of the machine's clock, going on evenly while that is set: leases, deadlines and slots are durations, and an
 * hour back or forward must neither freeze nor end them. Whoever keeps times in this clock looks for a step, moves them
 * by it, and follows.
 */
export class Clock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  #offset: number;

  constructor(wall: () => number = () => Date.now(), monotonic: () => number = () => performance.now()) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#offset = wall() - monotonic();
  }

  /** Milliseconds since the epoch, whole. */
  now(): number {
    return Math.round(this.#monotonic() + this.#offset);
  }

  /** How far the machine's clock was set, milliseconds; negative: back, 0: it was not. */
  step(): number {
    const difference = this.#wall() - this.now();
    return Math.abs(difference) < leastStepMs ? 0 : difference;
  }

  /** Goes on from there. */
  follow(step: number): void {
    this.#offset += step;
  }
}
