import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import type { ProfileEvent } from '../../../src/profile/profile.ts';
import { answer, type ProfileAnswer } from '../../../src/profile/answer/summary.ts';
import { storedWindow, windows } from '../../given/stored-window.ts';

/** Every fault of the demo, on real recordings: the event that shows it, and the words that must be there. */
const faults: readonly (readonly [fault: string, event: ProfileEvent, mustSay: RegExp])[] = [
  ['slow', 'wall', /is spent sleeping in .*LoyaltyService\.points/],
  ['burn', 'cpu', /RuleSet\.(?:(?:re)?scan|matches)/],
  // Half of it runs; the rest waits in the JVM for memory and for the collector, as the recorded states say.
  ['burn', 'wall', / in RuleSet\./],
  ['lock', 'wall', /waits for a lock in PriceCache\.refreshed/],
  ['lock', 'lock', /PriceCache\.refreshed/],
  [
    'pool',
    'wall',
    /waits for a pooled connection \(ConnectionPool\.getConnection, called by OrderRepository\.find\)/,
  ],
  ['io', 'wall', /waits for an answer in .*InventoryClient\.reserve/],
  ['alloc', 'alloc', /ReceiptRenderer\.render/],
];
const baseline = storedWindow('faults/baseline');
const golden: string[] = [];
/** What shares of an event are shares of. */
const subjects: Partial<Record<ProfileEvent, string>> = {
  cpu: 'CPU time',
  wall: 'time',
  alloc: 'allocation',
  lock: 'lock waiting',
};

function ask(fault: string, event: ProfileEvent, compared: boolean): ProfileAnswer {
  const profile = storedWindow(`faults/${fault}`);
  const comparison = compareProfiles(baseline, profile, { event, baseLabel: 'baseline Tue 14:00' });
  const found = answer({
    profile,
    event,
    labels: { uri: '/checkout', method: 'GET' },
    startsAt: null,
    durationSeconds: 12,
    comparison: compared ? comparison : null,
    cpuThrottling: null,
    targetStartedAt: null,
  });
  const kind = compared ? 'against the baseline' : 'alone';
  golden.push(
    `${fault}, ${event}, ${kind} (${found.confidence})`,
    found.headline,
    ...found.lines.map((l) => `  ${l}`),
    '',
  );
  return found;
}

describe('every fault of the demo is named in the sentence', () => {
  for (const [fault, event, mustSay] of faults) {
    it(`${fault}, seen in ${event}, without a baseline`, () => {
      const { headline } = ask(fault, event, false);
      assert.match(headline, new RegExp(`^(?:.*; )?\\d+% of /checkout's ${subjects[event]} `));
      assert.match(headline, mustSay);
    });

    it(`${fault}, seen in ${event}, against a baseline`, () => {
      const { headline, lines, confidence } = ask(fault, event, true);
      assert.match(headline, mustSay);
      assert.match(headline, /^\d+% of .*; healthy: \d+(?:\.\d+)?%$/);
      assert.ok(
        lines.some((line) => /^\S+: \+\d+ ±\d+ pp vs baseline Tue 14:00; .* → .* to .*\.$/.test(line)),
      );
      assert.ok(lines.some((line) => line.startsWith('Next: ')));
      assert.equal(confidence, 'certain', headline);
    });
  }

  for (const event of ['cpu', 'wall', 'alloc', 'lock'] as const) {
    it(`the same load again is not called changed in ${event}`, () => {
      const { headline } = ask('same-load', event, true);
      assert.match(headline, /^\w+: (?:nothing changed beyond noise|(?:more|less) of the same work)/);
    });
  }

  it('all sentences are the reviewed ones', () => {
    const file = new URL('headlines.txt', windows);
    const text = `${golden.join('\n').trimEnd()}\n`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });
});
