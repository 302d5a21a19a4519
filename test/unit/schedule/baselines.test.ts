import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestBaselines, type BaselineWorkload } from '../../../src/schedule/baselines.ts';
import { captureBefore } from '../../../src/captures/baselines/capture-before.ts';
import { must } from '../../given/in-ledger.ts';
import { minute, noon } from '../../given/time.ts';
import { openKept, take, type Kept } from '../../given/baseline-ledger.ts';

const workload = (name: string): BaselineWorkload => ({
  labels: { deployment: name },
  target: { kind: 'kubernetes', process: null, uri: null },
  durationSeconds: 30,
});

function parts({ ledger }: Kept, ...names: string[]) {
  let woken = 0;
  return {
    ledger,
    workloads: names.map(workload),
    deadlineMs: 2 * minute,
    queueLimit: 100,
    now: () => noon,
    wake: () => void woken++,
    woken: () => woken,
  };
}

describe('the schedule of baselines', () => {
  it('asks for a capture of each workload by its labels, without a cooldown', async () => {
    await using kept = await openKept();
    const schedule = parts(kept, 'checkout', 'payment');
    assert.equal(await requestBaselines(schedule, AbortSignal.timeout(5_000)), 2);
    assert.equal(schedule.woken(), 2);
    const captures = await kept.ledger.list({ purpose: 'baseline', limit: 10 });
    assert.deepEqual(captures.map(({ alert }) => alert.labels['deployment']).sort(), ['checkout', 'payment']);
    assert.ok(captures.every(({ request }) => request.cooldownSeconds === 0));
  });

  it('keeps at most two waiting, so that no alert queues behind them', async () => {
    await using kept = await openKept();
    const asked = await requestBaselines(parts(kept, 'a', 'b', 'c', 'd'), AbortSignal.timeout(300));
    assert.equal(asked, 2);
    assert.equal((await kept.ledger.counts()).queued, 2);
  });

  it('takes none while captures are paused', async () => {
    await using kept = await openKept();
    await kept.ledger.setPaused(true);
    assert.equal(await requestBaselines(parts(kept, 'checkout'), AbortSignal.timeout(5_000)), 0);
  });
});

describe('the capture before', () => {
  it('is the last one of the workload that was no baseline', async () => {
    await using kept = await openKept();
    const alerted = await take(kept, { at: noon - 9 * minute, purpose: 'alert' });
    await take(kept, { at: noon - 5 * minute });
    await take(kept, { at: noon - 2 * minute, purpose: 'alert', workload: 'payment' });
    const now = await take(kept, { at: noon, purpose: 'alert' });
    assert.equal(must(await captureBefore(kept.ledger, now)).id, alerted.id);
  });

  it('is not offered once its picture is gone', async () => {
    await using kept = await openKept();
    await take(kept, { at: noon - minute, purpose: 'alert', profile: null });
    const now = await take(kept, { at: noon, purpose: 'alert' });
    assert.equal(await captureBefore(kept.ledger, now), undefined);
  });
});
