import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  difference,
  discoveries,
  rootedRate,
  shareEstimate,
  type Estimate,
} from '../../../src/profile/comparison/statistics.ts';

const close = (actual: number, expected: number, within = 1e-6): void => {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);
};

describe('how sure a share is', () => {
  it('is never surer than independent samples would be', () => {
    // 3 of 10 in every second looks perfectly steady; 30 of 100 independent samples are not.
    const even = shareEstimate(new Array<number>(10).fill(3), new Array<number>(10).fill(10));
    close(even.value, 0.3);
    close(even.variance, ((31 / 102) * (71 / 102)) / 100);
  });

  it('is less sure when the samples came in one burst', () => {
    const burst = shareEstimate([30, 0, 0, 0, 0, 0, 0, 0, 0, 0], new Array<number>(10).fill(10));
    // By hand: residuals 27 and nine times −3, squares 810; 10/9 × 810 / 100².
    close(burst.variance, (10 / 9) * (810 / 10_000));
  });

  it('is not certain about zero of zero', () => {
    assert.equal(shareEstimate([0, 0], [0, 0]).variance, 0.25);
    assert.ok(shareEstimate([0, 0], [10, 10]).variance > 0);
    assert.ok(rootedRate([0, 0], 0.01).variance > 0);
  });
});

describe('how sure a rate is', () => {
  const steady = rootedRate([4, 4, 4, 4, 4, 4, 4, 4, 4, 4], 0.1);

  it('one stalled second does not make a change', () => {
    const stalled = rootedRate([4, 4, 4, 4, 400, 4, 4, 4, 4, 4], 0.1);
    assert.ok(difference(steady, stalled).probability > 0.2);
  });

  it('one stalled second does not hide a change', () => {
    const changed = rootedRate([9, 10, 9, 11, 400, 9, 10, 9, 8, 10], 0.1);
    assert.ok(difference(rootedRate([1, 0, 1, 0, 1, 1, 0, 1, 1, 0], 0.1), changed).probability < 0.05);
  });

  it('is no surer than independent samples would be', () => {
    // The root of a Poisson count has variance 1/4: ten seconds of samples worth 0.1 each.
    close(steady.variance, 0.1 / 4 / 10);
  });
});

describe('differences', () => {
  it("agree with Welch's t test in a textbook's numbers", () => {
    // Two samples with variances of their means 1 and 4, 9 and 4 degrees of freedom, means 10 and 15.
    const base: Estimate = { value: 10, variance: 1, freedom: 9 };
    const current: Estimate = { value: 15, variance: 4, freedom: 4 };
    const found = difference(base, current);
    // t = 5/√5, freedom 25/(1/9 + 16/4) = 6.081; the density integrated by Simpson's rule gives 0.066118.
    close(found.probability, 0.066118, 1e-5);
    close(found.value, 5);
    assert.ok(found.low < 0 && found.high > 10);
  });

  it('are zero when both sides are the same', () => {
    const one: Estimate = { value: 0.4, variance: 0.01, freedom: 14 };
    assert.equal(difference(one, one).probability, 1);
  });
});

describe('many tests at once', () => {
  it('accepts what Benjamini and Hochberg accept in their own example', () => {
    // The fifteen probabilities of their paper of 1995: four are accepted at 5 %.
    const probabilities = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ];
    assert.equal(discoveries(probabilities, 0.05).filter(Boolean).length, 4);
    assert.deepEqual(
      discoveries([...probabilities].reverse(), 0.05).reverse(),
      discoveries(probabilities, 0.05),
    );
  });

  it('accepts nothing when there are no tests', () => {
    assert.deepEqual(discoveries([], 0.05), []);
  });
});
