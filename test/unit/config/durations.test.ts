import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../../src/config/durations.ts';

describe('durations as Prometheus writes them', () => {
  it('are read', () => {
    for (const [text, expected] of [
      ['5m', 300_000],
      ['1h30m', 5_400_000],
      ['90s', 90_000],
      ['250ms', 250],
      ['7d', 604_800_000],
      ['1w', 604_800_000],
      ['1y', 31_536_000_000],
      ['1m1s1ms', 61_001],
      ['0', 0],
    ] as const)
      assert.equal(parseDuration(text), expected, text);
  });

  it('are refused when Prometheus would refuse them', () => {
    for (const text of ['', '5', '5 m', '-5m', '1.5h', '30s1h', '5m5m', 'm', '5M', '99999999999999999y'])
      assert.equal(parseDuration(text), undefined, text);
  });

  it('are written so that they can be read again', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000_000), (ms) => {
        assert.equal(parseDuration(formatDuration(ms)), ms);
      }),
    );
  });
});
