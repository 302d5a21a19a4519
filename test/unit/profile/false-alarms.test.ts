import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compareProfiles } from '../../../src/profile/compare.ts';
import type { Comparison } from '../../../src/profile/comparison.ts';
import { storedWindow, windows } from './stored-window.ts';

/** The small, fixed version of `npm run bench:statistics`: real windows of 15 s, each used once. */
const numbers = readdirSync(new URL('pairs/', windows))
  .filter((name) => name.endsWith('-base.json.gz'))
  .map((name) => name.slice(0, 3));
const compare = (pair: string, other: string): Comparison =>
  compareProfiles(storedWindow(`pairs/${pair}-base`), storedWindow(`pairs/${pair}-${other}`), {
    event: 'cpu',
    baseLabel: 'the window before',
  });

describe('windows of real runs', () => {
  it('of the same load are never called changed', () => {
    assert.equal(numbers.length, 6);
    for (const pair of numbers) {
      const { headline, changed } = compare(pair, 'same');
      assert.deepEqual(
        changed.filter((row) => row.significant),
        [],
        headline,
      );
    }
  });

  it('with a regression of a quarter of the cpu name its method', () => {
    for (const pair of numbers)
      assert.match(compare(pair, 'cpu-25').headline, /\+\d+ .*(?:RuleSet\.|CheckoutService\.price)/);
  });

  it('compared the other way round name the same method as an improvement', () => {
    for (const pair of numbers) {
      const found = compareProfiles(
        storedWindow(`pairs/${pair}-cpu-25`),
        storedWindow(`pairs/${pair}-base`),
        {
          event: 'cpu',
          baseLabel: 'before the fix',
        },
      );
      const row = found.changed.find((one) => one.significant);
      assert.ok(row && row.deltaShare < 0, found.headline);
      assert.match(`${row.frame} ${row.mostly}`, /RuleSet\.|CheckoutService\.price/);
    }
  });
});
