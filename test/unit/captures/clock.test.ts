import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Clock } from '../../../src/captures/clock.ts';

describe('the clock', () => {
  it('runs evenly while the machine’s clock is set, and follows when told to', () => {
    let wall = 1_000_000;
    let monotonic = 50;
    const clock = new Clock(
      () => wall,
      () => monotonic,
    );
    const pass = (ms: number): void => {
      wall += ms;
      monotonic += ms;
    };
    pass(10);
    assert.equal(clock.now(), 1_000_010);
    wall += 900;
    assert.equal(clock.step(), 0, 'slewing is no step');
    wall -= 3_600_900;
    pass(5);
    assert.equal(clock.now(), 1_000_015);
    assert.equal(clock.step(), -3_600_000);
    clock.follow(clock.step());
    assert.deepEqual([clock.now(), clock.step()], [1_000_015 - 3_600_000, 0]);
  });
});
