import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { answer } from '../../../src/profile/answer/summary.ts';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import type { ChangedFrame, Comparison } from '../../../src/profile/comparison/comparison.ts';
import { shortDisplayName } from '../../../src/profile/comparison/changed-row.ts';
import { leadingChange } from '../../../src/profile/comparison/headline.ts';
import type { Profile, ProfileEvent } from '../../../src/profile/profile.ts';
import { captureEvents } from '../../../src/profile/sampling.ts';
import { syntheticProfile, type SyntheticSample } from '../../given/profile.ts';
import { storedWindow, windows } from '../../given/stored-window.ts';

/** Numbers between 0 and 1, the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const stacks = [
  ['java/lang/Thread.run', 'com/acme/shop/CheckoutHandler.handle', 'com/acme/shop/RuleSet.scan'],
  ['java/lang/Thread.run', 'com/acme/shop/CheckoutHandler.handle', 'com/acme/shop/Json.write'],
  ['java/lang/Thread.run', 'com/acme/shop/OrdersHandler.handle', 'com/acme/shop/Orders.find'],
  ['java/lang/Thread.run', 'com/acme/shop/OrdersHandler.handle', 'com/fasterxml/jackson/Mapper.map'],
  ['start_thread', 'GangWorker::run', 'G1ParEvacuateFollowersClosure::do_void'],
  ['start_thread', 'CompileBroker::compiler_thread_loop'],
];

/** A window of any load and mix: some stacks missing, some in bursts, some events without samples. */
function anyWindow(random: () => number): Profile {
  const load = 10 ** (random() * 2 - 0.5);
  const samples = captureEvents.flatMap((event) =>
    random() < 0.15
      ? []
      : stacks.flatMap((stack): SyntheticSample[] => {
          if (random() < 0.25) return [];
          const count = Math.round(load * random() ** 2 * 8);
          const burst = random() < 0.2 ? { slots: [3, 4, 11] } : {};
          return [{ event, stack, count, ...burst, value: 10 ** (4 + random() * 4) }];
        }),
  );
  return syntheticProfile(samples);
}

/** What must hold of every comparison: the headline, the lines and the table say the same. */
function assertOneModel(base: Profile, current: Profile, event: ProfileEvent): void {
  const options = { baseLabel: 'before' };
  const compared = captureEvents.map((one) => compareProfiles(base, current, { ...options, event: one }));
  const comparison = compared.find((one) => one.event === event)!;
  const said = answer({
    profile: current,
    event,
    labels: {},
    startsAt: null,
    durationSeconds: current.durationSeconds,
    comparison,
    otherComparisons: compared.filter((one) => one !== comparison),
    cpuThrottling: null,
    targetStartedAt: null,
  });
  const text = [comparison.headline, said.headline, ...said.lines].join('\n');
  assert.doesNotMatch(text, /NaN|Infinity|undefined|null/, text);
  for (const row of comparison.changed) assertRow(row);
  assertHeadline(comparison, text);
  for (const line of said.lines) assertLine(line, comparison.changed, text);
}

function assertRow(row: ChangedFrame): void {
  seen.set(row.change, (seen.get(row.change) ?? 0) + 1);
  const shown = JSON.stringify(row);
  assert.ok(!shown.includes('null,"baseCores"') && !/NaN/.test(shown), shown);
  const figures = [row.baseShare, row.currentShare, row.deltaShareLow, row.deltaShareHigh, row.baseCores];
  assert.ok(
    [...figures, row.currentCores, row.deltaCoresLow, row.deltaCoresHigh].every(Number.isFinite),
    shown,
  );
  const moved = row.currentCores - row.baseCores;
  assert.ok(row.deltaCoresLow! <= moved + 1e-9 && row.deltaCoresHigh! >= moved - 1e-9, shown);
  switch (row.change) {
    case 'more':
      assert.ok(moved > 0 && row.deltaCoresLow! > 0, shown);
      break;
    case 'less':
      assert.ok(moved < 0 && row.deltaCoresHigh! < 0, shown);
      break;
    case 'grew-with-load':
      assert.ok(moved > 0 && row.deltaCoresLow! > 0 && !row.significant, shown);
      break;
    case 'pushed-aside':
      assert.ok(row.deltaShare < 0 && row.deltaShareHigh < 0, shown);
      assert.ok(row.deltaCoresLow! <= 0 && row.deltaCoresHigh! >= 0 && !row.significant, shown);
      break;
    case 'same':
      assert.ok(!row.significant, shown);
      break;
  }
  if (row.significant) assert.equal(row.change, row.deltaShare > 0 ? 'more' : 'less', shown);
}

function assertHeadline(comparison: Comparison, text: string): void {
  const { headline, changed, totalChanged } = comparison;
  const leading = leadingChange(changed);
  if (leading !== null) {
    assert.ok(headline.includes(shortDisplayName(leading.frame)), text);
    assert.match(leading.change, /^(?:more|less)$/);
    return;
  }
  const own = changed.filter((row) => row.kind === 'application');
  if (/nothing changed beyond noise/.test(headline))
    assert.ok(!totalChanged && changed.every((row) => row.change === 'same'), text);
  if (/nothing in the application changed/.test(headline))
    assert.ok(!totalChanged && own.every((row) => row.change === 'same'), text);
  if (/of the same work/.test(headline)) {
    const isLevel = (row: ChangedFrame): boolean =>
      Math.abs(row.deltaShare) < 0.02 || (row.deltaShareLow <= 0 && row.deltaShareHigh >= 0);
    assert.ok(totalChanged && own.every((row) => !row.significant && isLevel(row)), text);
  }
}

/** A line about one frame says what its row says. */
function assertLine(line: string, changed: readonly ChangedFrame[], text: string): void {
  const [, word, frame] = /^(More|Less) in ([^:]+): /.exec(line) ?? [];
  if (word === undefined || frame === undefined) return;
  const rows = changed.filter((row) => shortDisplayName(row.frame) === frame);
  assert.ok(
    rows.some((row) => row.change === word.toLowerCase()),
    `${line}\n${text}`,
  );
}

const seen = new Map<string, number>();

describe('the headline, the lines and the table', () => {
  it('agree for windows of any load and mix', () => {
    const random = randomNumbers(14);
    for (let pair = 0; pair < 150; pair++) {
      const [base, current] = [anyWindow(random), anyWindow(random)];
      for (const event of captureEvents) assertOneModel(base, current, event);
    }
  });

  it('agree for all stored windows, in both directions', () => {
    assert.ok([...seen.values()].every((count) => count >= 5) && seen.size === 5, JSON.stringify([...seen]));
    const faults = readdirSync(new URL('faults/', windows)).map((name) => name.replace('.json.gz', ''));
    const profiles = faults.map((fault) => storedWindow(`faults/${fault}`));
    for (const base of profiles)
      for (const current of profiles) for (const event of captureEvents) assertOneModel(base, current, event);
    const pairs = readdirSync(new URL('pairs/', windows)).map((name) => name.replace('.json.gz', ''));
    for (const name of pairs) {
      const base = storedWindow(`pairs/${name.slice(0, 3)}-base`);
      assertOneModel(base, storedWindow(`pairs/${name}`), 'cpu');
      assertOneModel(storedWindow(`pairs/${name}`), base, 'cpu');
    }
  });
});
