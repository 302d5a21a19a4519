import { performance } from 'node:perf_hooks';

/** Smaller differences come from slewing and from reading two clocks in turn; milliseconds. */
const minStepMs = 1_000;

/**
 * Wall-clock time that keeps running evenly while the machine's clock is set: leases, deadlines and slots are durations,
 * and an hour back or forward must neither freeze nor expire them. Whoever stores times by this clock checks `step`,
 * shifts them by it, then calls `follow`.
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

  /** How far the machine's clock was moved, milliseconds; negative: back; 0: not at all. */
  step(): number {
    const difference = this.#wall() - this.now();
    return Math.abs(difference) < minStepMs ? 0 : difference;
  }

  /** Adopts the step. */
  follow(step: number): void {
    this.#offset += step;
  }
}
