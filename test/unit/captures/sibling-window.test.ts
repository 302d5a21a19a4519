import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { captureId } from '../../../src/captures/capture-id.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import type { Target } from '../../../src/captures/target.ts';
import { toCapture } from '../../given/decision.ts';
import { must, started } from '../../given/in-ledger.ts';
import { targetOn } from '../../given/target.ts';
import { take } from '../../given/baseline-ledger.ts';
import { besideIt, image, isSibling, openFlow } from './sibling-flow.ts';

const anHour = 3_600_000;

// Each has a ledger of its own, and most of its time is a window's.
describe('a healthy sibling profiled in the same window', { concurrency: true }, () => {
  it('is what the answer compares with, once it is analysed too', async () => {
    await using flow = await openFlow();
    flow.work();
    const id = await flow.fire('checkout');
    const capture = await flow.ended(id);
    assert.equal(capture.answer?.headline, 'vs sibling checkout-x2x-sibling, same window');
    const sibling = await flow.siblingOf(id);
    assert.equal(sibling.state, 'done');
    assert.deepEqual(sibling.siblingOf, { captureId: id, name: 'checkout-x2x' });
    const [began, beganToo] = [capture, sibling].map(({ timeline }) => Date.parse(must(timeline.startedAt)));
    assert.ok(must(beganToo) - must(began) < 1_000, 'the same window');
    assert.deepEqual(flow.done, [
      'started checkout-x2x',
      'looked for one beside checkout-x2x',
      'started checkout-x2x-sibling',
      'read checkout-x2x-sibling',
      'read checkout-x2x',
    ]);
  });

  it('is left out when not wanted, not there or not searchable', async () => {
    await using flow = await openFlow();
    const answers: Record<string, () => Promise<Target | null>> = {
      'checkout-x2x': () => Promise.resolve(null),
      'cart-x2x': () => Promise.reject(new Failure('exec-denied')),
    };
    const sibling = ({ name }: Target) => answers[name]?.() ?? assert.fail('nobody asked for it');
    flow.work({ targets: () => Promise.resolve({ ...flow.targets, sibling }) });
    const ids = [await flow.fire('checkout'), await flow.fire('cart'), await flow.fire('payment', false)];
    for (const id of ids) {
      const capture = await flow.ended(id);
      assert.deepEqual([capture.answer?.headline, capture.sibling], ['vs nothing', null]);
    }
  });

  it('is not queued on the target’s node where only one window is allowed', async () => {
    await using flow = await openFlow();
    const sibling = (target: Target) => Promise.resolve({ ...besideIt(target), node: target.node });
    flow.work({ targets: () => Promise.resolve({ ...flow.targets, sibling }) });
    const capture = await flow.ended(await flow.fire('checkout'));
    assert.equal(capture.sibling, null);
    assert.deepEqual(await flow.kept.ledger.list({ purpose: 'sibling', limit: 1 }), []);
  });

  it('whose profiling fails costs the comparison and nothing else', async () => {
    await using flow = await openFlow();
    flow.work({
      profiling: {
        ...flow.profiling,
        start: (exec, ...asked) =>
          isSibling(exec) ? Promise.reject(new Failure('memory-low')) : flow.profiling.start(exec, ...asked),
      },
    });
    const id = await flow.fire('checkout');
    assert.equal((await flow.ended(id, 8_000)).answer?.headline, 'vs nothing');
    assert.equal((await flow.siblingOf(id)).reason?.code, 'memory-low');
  });

  it('that finds no free slot within seconds is skipped', async () => {
    await using flow = await openFlow();
    const now = Date.now();
    const request = { durationSeconds: 60 };
    const busy = toCapture('f9', { id: captureId(now), deadlineAt: now + 60_000, request });
    const { ledger } = flow.kept;
    await started(ledger, 'another', busy, targetOn('node of checkout-other', 'cart'), now);
    await ledger.renew(busy.id, 'another', now, 60_000);
    flow.work();
    const id = await flow.fire('checkout');
    const sibling = await flow.siblingOf(id);
    assert.deepEqual([sibling.state, sibling.reason?.code], ['skipped', 'sibling-late']);
    assert.equal((await flow.ended(id, 5_000)).answer?.headline, 'vs nothing');
  });

  it('is waited for without holding a slot that its own analysis may need', async () => {
    await using flow = await openFlow();
    flow.work();
    const workloads = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const fired: [string, string][] = [];
    for (const workload of workloads) fired.push([workload, await flow.fire(workload)]);
    for (const [workload, id] of fired) {
      const { answer } = await flow.ended(id);
      assert.equal(answer?.headline, `vs sibling ${workload}-x2x-sibling, same window`);
    }
  });

  it('that is not done in time is no longer waited for', async () => {
    await using flow = await openFlow();
    flow.work({ profiling: flow.hanging });
    const id = await flow.fire('checkout');
    await flow.when(id, ({ state }) => state === 'storing');
    // Longer than the sibling's window of a second and all other steps take: what still waits then waits for it alone.
    await sleep(1_500);
    assert.equal((await flow.get(id)).state, 'storing', 'it waits');
    flow.ahead = 20_000;
    assert.equal((await flow.ended(id, 8_000)).answer?.headline, 'vs nothing');
  });

  it('is still waited for after a restart', async () => {
    await using flow = await openFlow();
    flow.work({ profiling: flow.hanging });
    const id = await flow.fire('checkout');
    const { sibling } = await flow.when(id, ({ state }) => state === 'storing');
    await flow.stop();
    assert.equal((await flow.get(must(sibling).captureId)).state, 'capturing');
    flow.work();
    assert.match((await flow.ended(id)).answer?.headline ?? '', /^vs sibling/);
  });

  it('ranks below a baseline of the same image, and is then not waited for', async () => {
    await using flow = await openFlow();
    await take(flow.kept, { at: Date.now() - anHour, image });
    flow.work({ profiling: flow.hanging });
    const capture = await flow.ended(await flow.fire('checkout'), 8_000);
    assert.match(capture.answer?.headline ?? '', /^vs baseline .*, same image$/);
  });

  it('ranks above a baseline of another image', async () => {
    await using flow = await openFlow();
    await take(flow.kept, { at: Date.now() - anHour, image: 'sha256:old' });
    flow.work();
    const capture = await flow.ended(await flow.fire('checkout'));
    assert.match(capture.answer?.headline ?? '', /^vs sibling/);
  });
});
