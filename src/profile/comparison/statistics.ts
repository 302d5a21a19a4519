import jstat from 'jstat';

/**
 * Estimates that stay honest when samples come in bursts: one slow request is many samples in a row, so samples
 * are not independent, but seconds nearly are. Every estimate is made of sums over blocks of one second.
 */

/** A mean with what is known about its uncertainty. */
export interface Estimate {
  value: number;
  /** Variance of `value` itself, not of single observations. */
  variance: number;
  /** Degrees of freedom behind the variance. */
  freedom: number;
}

/**
 * A share Σx / Σn over blocks. Variance by linearising the ratio (Cochran, Sampling Techniques, 6.13), but never
 * below what independent samples would have (binomial, with one success and one failure added so that 0 of n is
 * not certainty).
 * @param hits samples of the part, per block.
 * @param totals samples of the whole, per block.
 */
export function shareEstimate(hits: ArrayLike<number>, totals: ArrayLike<number>): Estimate {
  const blocks = totals.length;
  let hit = 0;
  let total = 0;
  for (let block = 0; block < blocks; block++) {
    hit += hits[block] ?? 0;
    total += totals[block] ?? 0;
  }
  if (total === 0) return { value: 0, variance: 0.25, freedom: 1 };
  const share = hit / total;
  const smoothed = (hit + 1) / (total + 2);
  const floor = (smoothed * (1 - smoothed)) / total;
  if (blocks < 2) return { value: share, variance: floor, freedom: 1 };
  let squares = 0;
  for (let block = 0; block < blocks; block++) {
    const residual = (hits[block] ?? 0) - share * (totals[block] ?? 0);
    squares += residual * residual;
  }
  const linearised = (blocks * squares) / ((blocks - 1) * total * total);
  return { value: share, variance: Math.max(linearised, floor), freedom: blocks - 1 };
}

/**
 * A rate over blocks of one second, on a scale where it can be tested: the mean of the blocks' square roots. Counts
 * of a busy second vary more than those of a quiet one, and their roots do not (Anscombe 1948): one stalled second
 * then neither makes a change nor hides one. Variance between blocks, but never below that of samples that arrive
 * independently (a quarter of a sample).
 * @param values what the samples stand for, per block.
 * @param perSample what one sample stands for.
 */
export function rootedRate(values: ArrayLike<number>, perSample: number): Estimate {
  const blocks = values.length;
  const floor = perSample / 4 / blocks;
  let sum = 0;
  for (let block = 0; block < blocks; block++) sum += Math.sqrt(values[block] ?? 0);
  const value = sum / blocks;
  if (blocks < 2) return { value, variance: floor, freedom: 1 };
  let squares = 0;
  for (let block = 0; block < blocks; block++) squares += (Math.sqrt(values[block] ?? 0) - value) ** 2;
  return { value, variance: Math.max(squares / (blocks - 1) / blocks, floor), freedom: blocks - 1 };
}

/** A difference of two estimates with its 95 % interval and the chance of one as large without any change. */
export interface Difference {
  value: number;
  low: number;
  high: number;
  probability: number;
}

/** Welch's t test of `current` − `base`; two-sided. */
export function difference(base: Estimate, current: Estimate): Difference {
  const value = current.value - base.value;
  const variance = base.variance + current.variance;
  if (variance === 0) return { value, low: value, high: value, probability: value === 0 ? 1 : 0 };
  const error = Math.sqrt(variance);
  const freedom = welchFreedom(base, current);
  const reach = criticalT(freedom) * error;
  const probability = Math.min(1, 2 * jstat.jStat.studentt.cdf(-Math.abs(value) / error, freedom));
  return { value, low: value - reach, high: value + reach, probability };
}

/** Welch and Satterthwaite's degrees of freedom of a difference. */
export function welchFreedom(a: Estimate, b: Estimate): number {
  const variance = a.variance + b.variance;
  if (variance === 0) return a.freedom + b.freedom;
  return Math.max(1, variance ** 2 / (a.variance ** 2 / a.freedom + b.variance ** 2 / b.freedom));
}

/** How many standard errors a 95 % interval reaches to each side. */
export function criticalT(freedom: number): number {
  return jstat.jStat.studentt.inv(0.975, freedom);
}

/**
 * Benjamini and Hochberg's procedure.
 * @param rate the share of false ones accepted among those that are called changed, 0 to 1.
 * @returns for each probability whether it is called changed.
 */
export function discoveries(probabilities: readonly number[], rate: number): boolean[] {
  const order = probabilities.map((_, index) => index);
  order.sort((a, b) => (probabilities[a] ?? 1) - (probabilities[b] ?? 1));
  let accepted = 0;
  order.forEach((index, rank) => {
    if ((probabilities[index] ?? 1) <= (rate * (rank + 1)) / order.length) accepted = rank + 1;
  });
  const found = probabilities.map(() => false);
  for (const index of order.slice(0, accepted)) found[index] = true;
  return found;
}
