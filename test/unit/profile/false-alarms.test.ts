import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import type { Comparison } from '../../../src/profile/comparison/comparison.ts';
import { leadingChange } from '../../../src/profile/comparison/headline.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import { storedWindow, windows } from '../../given/stored-window.ts';

/** The small, fixed version of `npm run bench:statistics`: real windows of 15 s, each used once. */
const numbers = readdirSync(new URL('pairs/', windows))
  .filter((name) => name.endsWith('-base.json.gz'))
  .map((name) => name.slice(0, 3));
const compare = (pair: string, other: string): Comparison =>
  compareProfiles(storedWindow(`pairs/${pair}-base`), storedWindow(`pairs/${pair}-${other}`), {
    event: 'cpu',
    baseLabel: 'the window before',
  });

/** The regression made weaker: of its samples this part is kept, evenly, and its real bursts with them. */
function thinned(profile: Profile, frame: RegExp, kept: number): { current: Profile; share: number } {
  const { stacks, frames, events } = profile;
  const within: boolean[] = [];
  for (const [stack, caller] of stacks.parent.entries())
    within.push(frame.test(frames.name[stacks.frame[stack]!]!) || within[caller] === true);
  const { samples, ...rest } = events.cpu!;
  let owed = 0;
  const count = samples.count.map((all, row) => {
    if (!within[samples.stack[row]!]) return all;
    owed += all * kept;
    const now = Math.floor(owed);
    owed -= now;
    return now;
  });
  const value = samples.value.map((all, row) => (all * count[row]!) / samples.count[row]!);
  const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
  const ofIt = count.filter((_, row) => within[samples.stack[row]!]);
  return {
    current: { ...profile, events: { ...events, cpu: { ...rest, samples: { ...samples, count, value } } } },
    share: sum(ofIt) / sum(count),
  };
}

/** The same mix of work, but this many samples of it, picked evenly: what a baseline of a quiet night holds. */
function quieter(profile: Profile, samples: number, first: number): Profile {
  const { samples: all, ...rest } = profile.events.cpu!;
  const rows = all.count.flatMap((count, row) => new Array<number>(count).fill(row));
  const kept = Array.from(
    { length: samples },
    (_, one) => rows[(first + Math.floor((one * rows.length) / samples)) % rows.length]!,
  );
  const count = all.count.map((_, row) => kept.filter((one) => one === row).length);
  const value = all.value.map((sum, row) => (sum * count[row]!) / all.count[row]!);
  return { ...profile, events: { ...profile.events, cpu: { ...rest, samples: { ...all, count, value } } } };
}

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

  it('with more of the same work blame no frame', () => {
    const named: string[] = [];
    for (const pair of numbers)
      for (const samples of [5, 12, 19])
        for (let first = 0; first < 5; first++) {
          const base = quieter(storedWindow(`pairs/${pair}-base`), samples, first);
          const { changed, headline } = compareProfiles(base, storedWindow(`pairs/${pair}-same`), {
            event: 'cpu',
            baseLabel: 'baseline Tue 03:00',
          });
          if (leadingChange(changed) !== null) named.push(headline);
        }
    assert.ok(named.length <= 4, `${named.length} of 90: ${named.join('\n')}`);
  });

  it('with a 25% cpu regression name its method', () => {
    for (const pair of numbers)
      assert.match(compare(pair, 'cpu-25').headline, /^\d+% of CPU time is spent in RuleSet\./);
  });

  it('find a change of the stated detectable size nine times in ten', () => {
    const sought = numbers.flatMap((pair) => {
      const base = storedWindow(`pairs/${pair}-base`);
      const regressed = storedWindow(`pairs/${pair}-cpu-25`);
      return Array.from({ length: 30 }, (_, step) => {
        const { current, share } = thinned(regressed, /RuleSet\.rescan/, (step + 1) / 30);
        return {
          share,
          ...compareProfiles(base, current, { event: 'cpu', baseLabel: 'the window before' }),
        };
      });
    });
    const ofThatSize = sought.filter(
      ({ share, detectableShare }) => share >= detectableShare && share <= detectableShare * 1.25,
    );
    const found = ofThatSize.filter(({ changed }) => (leadingChange(changed)?.deltaShare ?? 0) > 0);
    assert.ok(ofThatSize.length >= 15, `${ofThatSize.length} changes of that size`);
    assert.ok(found.length >= 0.9 * ofThatSize.length, `found ${found.length} of ${ofThatSize.length}`);
  });

  it('compared in reverse name the same method as an improvement', () => {
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
