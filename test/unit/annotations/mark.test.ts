import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pointOf, regionOf, tagsOf } from '../../../src/annotations/mark.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import { capturing, finished } from '../../given/capture.ts';

const start = Date.UTC(2026, 10, 23, 2, 14, 7);
const minutes = 60_000;
const done = (changes: Partial<Capture> = {}) => finished(capturing({}, start), changes);
const firingSince = (before: number) => {
  const capture = done();
  return { ...capture, alert: { ...capture.alert, startsAt: new Date(start - before).toISOString() } };
};

describe('where a mark goes', () => {
  it('is the window’s start, or when the alert came in if there was no window', () => {
    assert.equal(pointOf(capturing({}, start)), start);
    const skipped = capturing({}, start);
    skipped.timeline.startedAt = null;
    assert.equal(pointOf(skipped), start - 500);
  });

  it('is a quarter of an hour up to the window’s end, however short the episode', () => {
    assert.deepEqual(regionOf(done()), { time: start + 30_000 - 15 * minutes, timeEnd: start + 30_000 });
  });

  it('does not reach back for days when the alert has been firing for days', () => {
    assert.equal(regionOf(firingSince(3 * 24 * 60 * minutes)).time, start - 15 * minutes);
  });

  it('is the episode, once the alert has resolved and if that is long enough', () => {
    const resolved = {
      ...firingSince(10 * minutes),
      alertResolvedAt: new Date(start + 20 * minutes).toISOString(),
    };
    assert.deepEqual(regionOf(resolved), { time: start - 10 * minutes, timeEnd: start + 20 * minutes });
  });

  it('covers the window even if the alert resolved within it', () => {
    const resolved = done({ alertResolvedAt: new Date(start + 5000).toISOString() });
    assert.equal(regionOf(resolved).timeEnd, start + 30_000);
  });
});

describe('tags', () => {
  it('find a capture, its alert and its workload', () => {
    const capture = capturing({}, start);
    assert.deepEqual(tagsOf(capture), [
      'flamepin',
      `flamepin:${capture.id}`,
      'alert:HighLatency',
      'workload:shop/Deployment/checkout',
    ]);
  });

  it('stay apart when they are cut', () => {
    const named = (alertname: string) => {
      const capture = capturing({}, start);
      capture.alert.labels['alertname'] = alertname;
      return tagsOf(capture)[2] ?? '';
    };
    const [one, other] = [named(`${'A'.repeat(300)}1`), named(`${'A'.repeat(300)}2`)];
    assert.notEqual(one, other);
    assert.equal(one.length, 100);
  });
});
