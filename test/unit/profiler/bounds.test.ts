import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { slotOfStart } from '../../../src/captures/slot.ts';
import { bringUpMs, listMs } from '../../../src/profiler/bounds.ts';
import { startScript } from '../../../src/profiler/script.ts';

describe('the slot of a start', () => {
  it('is kept until the latest session that the start could begin has ended', () => {
    const seconds = (pattern: RegExp): number => Number(pattern.exec(startScript.text)?.[1]);
    const ready = seconds(/^start_within=(\d+)$/m);
    const load = seconds(/^load_within=(\d+)$/m);
    assert.ok(ready > 0 && load > 0);
    const latest = bringUpMs + listMs + (ready + load + 60) * 1000;
    assert.ok(slotOfStart({ durationSeconds: 60 }, 0) > latest, `${latest} ms`);
  });
});
