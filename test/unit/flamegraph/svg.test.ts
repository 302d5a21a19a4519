import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { renderDifferenceSvg, renderSvg } from '../../../src/flamegraph/svg.ts';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import { hostileNames, hostileProfile } from '../../given/hostile-profile.ts';
import { changedShop, healthyShop, slowShop } from '../../given/shop-profile.ts';

/** UPDATE_GOLDEN=1 writes the files anew; look at them before committing. */
function assertGolden(name: string, svg: string): void {
  const path = new URL(`./golden/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, svg);
  assert.equal(svg, readFileSync(path, 'utf8'));
}

describe('a static flame graph', () => {
  it('is the reviewed picture, byte for byte', () => {
    assertGolden('shop-cpu.svg', renderSvg(slowShop(), { event: 'cpu', title: 'cpu: 48% in RuleSet.scan' }));
    assertGolden(
      'shop-wall-folded.svg',
      renderSvg(slowShop(), { event: 'wall', title: 'wall: 61% in getConnection', foldFramework: true }),
    );
    assertGolden(
      'shop-difference.svg',
      renderDifferenceSvg(healthyShop(), slowShop(), {
        event: 'cpu',
        title:
          'HighLatency checkout: cpu: 48% in RuleSet.scan (+42 ±4 pp vs baseline Tue 14:00, same image; 0.02 → 0.21 cores), mostly in HashMap.get, called by CheckoutService.price',
        baseLabel: 'Tue 14:00',
        changed: changedShop('cpu'),
      }),
    );
  });

  it('does not depend on the order of stacks in the recording', () => {
    const straight = slowShop();
    const turned = slowShop();
    const { samples } = turned.events.cpu!;
    for (const column of Object.values(samples)) column.reverse();
    const options = { event: 'cpu', title: 'same' } as const;
    assert.equal(renderSvg(turned, options), renderSvg(straight, options));
  });

  it('shows title, window, number of samples, and each frame’s full name and share', () => {
    const svg = renderSvg(slowShop(), { event: 'cpu', title: 'HighLatency checkout' });
    assert.match(svg, /<title id="t">HighLatency checkout<\/title>/);
    assert.match(svg, /cpu: 1,310 samples, 2026-03-03 02:14:07–02:14:37 UTC/);
    assert.match(svg, /<title>com\.acme\.shop\.rules\.RuleSet\.scan \(630 samples, 48%\)<\/title>/);
  });

  it('wraps a long title to two lines and cuts the rest, which stays readable elsewhere', () => {
    const words = (count: number): string => Array.from({ length: count }, (_, at) => `word${at}`).join(' ');
    const heading = (title: string): string[] =>
      Array.from(
        renderSvg(slowShop(), { event: 'cpu', title }).matchAll(/font-size="17"[^>]*>([^<]*)</g),
        ([, line]) => line!,
      );
    assert.deepEqual(heading('short'), ['short']);
    assert.equal(heading(words(20)).length, 2);
    assert.equal(heading(words(20)).join(' '), words(20));
    assert.match(heading(words(100))[1]!, /^word\d+ .*…$/);
    assert.equal(heading(words(100)).length, 2);
    // One word without an end has no blank to be broken at.
    assert.match(heading('x'.repeat(70_000)).join(' '), /^x+ x+…$/);
    assert.ok(
      renderSvg(slowShop(), { event: 'cpu', title: words(100) }).includes(`<title id="t">${words(100)}<`),
    );
  });

  it('draws an empty event as an empty picture that says so', () => {
    const svg = renderSvg(slowShop(), { event: 'live', title: 'nothing' });
    assert.match(svg, /live: 0 samples/);
  });

  it('keeps every hostile name inert, in titles, labels and the heading', () => {
    for (const title of hostileNames) {
      const svg = renderSvg(hostileProfile(), { event: 'cpu', title });
      const tags = new Set(Array.from(svg.matchAll(/<\/?([^\s>/]+)/g), ([, tag]) => tag));
      assert.deepEqual([...tags].sort(), ['?xml', 'desc', 'g', 'rect', 'svg', 'text', 'title']);
      assert.doesNotMatch(svg, /[^\P{Cc}\n]|\p{Cs}|[\u202a-\u202e\u2066-\u2069\ufffe\uffff]/u);
      assert.doesNotMatch(svg, /&(?!(amp|lt|gt|quot|#39);)/);
    }
  });

  it('marks in a difference what grew with ▲ and what shrank with ▼, by share of the total', () => {
    const svg = renderDifferenceSvg(healthyShop(), slowShop(), {
      event: 'cpu',
      title: 'x',
      baseLabel: 'Tue 14:00',
      changed: changedShop('cpu'),
    });
    assert.match(svg, /▲ \+41\.\d RuleSet\.scan/);
    assert.match(svg, /against Tue 14:00: 2026-03-02 14:00:00–14:00:30 UTC, 725 samples/);
    const recovered = compareProfiles(slowShop(), healthyShop(), { event: 'cpu', baseLabel: 'before' });
    const back = renderDifferenceSvg(slowShop(), healthyShop(), {
      event: 'cpu',
      title: 'x',
      baseLabel: 'before',
      changed: recovered.changedFrames,
    });
    assert.match(back, /RuleSet\.scan \([^<]*▼ −41\.\d points\)/);
  });

  it('marks nothing whose share fell while its cores did not', () => {
    const svg = renderDifferenceSvg(healthyShop(), slowShop(), {
      event: 'cpu',
      title: 'x',
      baseLabel: 'Tue 14:00',
      changed: changedShop('cpu'),
    });
    assert.match(svg, /OrderRepository\.find \([^<]*▼ −19\.\d points, share or rate within noise\)/);
    assert.doesNotMatch(svg, />▼ −/);
  });

  it('marks nothing between two windows of the same load', () => {
    const svg = renderDifferenceSvg(slowShop(), slowShop(), {
      event: 'cpu',
      title: 'x',
      baseLabel: 'before',
      changed: compareProfiles(slowShop(), slowShop(), { event: 'cpu', baseLabel: 'before' }).changedFrames,
    });
    assert.doesNotMatch(svg, /[▲▼] [+−]\d+\.\d [A-Z]/);
  });

  it('lists what only the baseline had', () => {
    const gone = (base: Profile, profile: Profile): string =>
      renderDifferenceSvg(base, profile, {
        event: 'lock',
        title: 'x',
        baseLabel: 'before',
        changed: compareProfiles(base, profile, { event: 'lock', baseLabel: 'before' }).changedFrames,
      });
    assert.doesNotMatch(gone(slowShop(), healthyShop()), /▼ gone/);
    const without = healthyShop();
    without.events.lock = { ...slowShop().events.cpu! };
    assert.match(gone(slowShop(), without), /▼ gone: com\.acme\.shop\.Basket\.lock \(was 100%\)/);
  });
});
