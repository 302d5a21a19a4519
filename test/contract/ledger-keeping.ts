import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finalStates } from '../../src/captures/capture.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { finished, leased, must, started } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { minute, noon, second } from '../given/time.ts';
import type { Artifact } from '../../src/artifacts/artifact.ts';

const day = 24 * 60 * minute;
const picture: Artifact = {
  name: 'flamegraph.html',
  event: null,
  key: 'captures/x/flamegraph.html',
  size: 10,
  contentType: 'text/html',
  contentEncoding: 'identity',
};
const recording: Artifact = { ...picture, name: 'recording.jfr', key: 'captures/x/recording.jfr' };

export function keepingAndForgetting({ ledger, reopen }: LedgerUnderTest): void {
  describe('the list of captures', () => {
    it('is newest first, and can be paged and filtered', async () => {
      const id = (n: number): string => `c-${String(n).padStart(26, '0')}`;
      const image = 'sha256:1';
      await finished(ledger(), 'a', toCapture('f1', { id: id(1) }), targetOn('n1', 'checkout', image));
      await ledger().accept([toCapture('f2', { id: id(2), request: { purpose: 'manual' } })], noon + second);
      await ledger().accept([toCapture('f3', { id: id(3) })], noon + 2 * second);
      const found = async (filter: object): Promise<string[]> =>
        (await ledger().list({ limit: 10, ...filter })).map((capture) => capture.id);
      assert.deepEqual(await found({}), [id(3), id(2), id(1)]);
      assert.deepEqual(await found({ limit: 2 }), [id(3), id(2)]);
      assert.deepEqual(await found({ before: id(2) }), [id(1)]);
      assert.deepEqual(await found({ states: ['queued'] }), [id(3), id(2)]);
      assert.deepEqual(await found({ states: finalStates }), [id(1)]);
      assert.deepEqual(await found({ states: [] }), []);
      assert.deepEqual(await found({ purpose: 'manual' }), [id(2)]);
      assert.deepEqual(await found({ workload: 'shop/Deployment/checkout', image }), [id(1)]);
      assert.deepEqual(await found({ workloadPart: 'Check' }), [id(1)]);
      assert.deepEqual(await found({ workloadPart: 'check%' }), []);
      assert.deepEqual(await found({ alertPart: 'latency' }), [id(3), id(2), id(1)]);
      assert.deepEqual(await found({ alertPart: 'errors' }), []);
      const text = (part: string, reasons: string[] = []) => found({ text: { part, reasons } });
      assert.deepEqual(await text('SHOP/deployment'), [id(1)]);
      assert.deepEqual(await text('alertname'), [], 'labels are searched by their values');
      assert.deepEqual(await text('nothing has this'), []);
      assert.deepEqual(await found({ since: noon + second }), [id(3), id(2)]);
      assert.deepEqual(await found({ until: noon + second }), [id(1)]);
    });

    it('is counted by state', async () => {
      await finished(ledger(), 'a', toCapture('f1'));
      await started(ledger(), 'a', toCapture('f2'));
      await ledger().accept([toCapture('f3'), toCapture('f4')], noon);
      assert.deepEqual(await ledger().counts(), {
        queued: 2,
        resolving: 0,
        capturing: 1,
        storing: 0,
        done: 1,
        skipped: 0,
        failed: 0,
        deliveriesDue: 1,
      });
    });

    it('has no capture that never existed', async () => {
      assert.equal(await ledger().get('c-00000000000000000000000000'), undefined);
      assert.equal(await ledger().readSpool('c-00000000000000000000000000'), undefined);
    });
  });

  describe('rows that expire', () => {
    const longAgo = { captures: noon + day, alerts: noon + day };

    it('are kept while an artifact is left; then what a page says stays', async () => {
      const { id } = await started(ledger(), 'a');
      const answer = {
        headline: 'Checkout spends 60 % in parse.',
        confidence: 'likely',
        lines: [],
        topFrames: [],
        comparedWith: null,
        comparison: null,
        samples: 10,
      } as const;
      await ledger().advance(
        id,
        'a',
        {
          state: 'done',
          artifacts: [picture, recording],
          answer: { ...answer, lines: [], topFrames: [] },
          deliver: 'finish',
        },
        noon,
      );
      await ledger().dropArtifacts(id, [recording.key]);
      assert.deepEqual((await ledger().get(id))?.artifacts, [picture]);
      await ledger().expire(longAgo);
      assert.equal((await ledger().get(id))?.alert.annotations['summary'], 'p99 is 4 s');

      await ledger().dropArtifacts(id, [picture.key]);
      assert.ok((await ledger().expire(longAgo)) > 0);
      const capture = must(await ledger().get(id));
      assert.equal(capture.answer?.headline, answer.headline);
      assert.equal(capture.alert.labels['alertname'], 'HighLatency');
      assert.deepEqual(capture.alert.annotations, {});
      assert.equal((await ledger().counts()).deliveriesDue, 0);
      assert.equal(await ledger().expire(longAgo), 0);

      await ledger().expire({ captures: noon + 366 * day, alerts: 0 });
      assert.equal(await ledger().get(id), undefined);
    });

    it('spare what is younger or has not ended', async () => {
      const young = await finished(ledger(), 'a', toCapture('f1'));
      const running = await started(ledger(), 'a', toCapture('f2'));
      assert.equal(await ledger().expire({ captures: noon, alerts: noon }), 0);
      await ledger().expire(longAgo);
      assert.equal((await ledger().get(running.id))?.state, 'capturing');
      assert.notEqual(await ledger().findAlert('f2'), undefined);
      assert.equal(await ledger().findAlert('f1'), undefined);
      assert.notEqual(await ledger().get(young.id), undefined);
    });

    it('do not turn a repeat of a firing alert into a new one', async () => {
      await finished(ledger(), 'a', toCapture('f1'));
      await ledger().accept([toCapture('f1')], noon + 2 * day);
      await ledger().expire(longAgo);
      const [answer] = await ledger().accept([toCapture('f1')], noon + 3 * day);
      assert.equal(answer?.outcome, 'duplicate');
    });
  });

  describe('small things that must last', () => {
    it('a cron run is claimed by exactly one caller', async () => {
      const claims = await Promise.all(
        Array.from({ length: 10 }, () => ledger().claimCronRun('retention', noon)),
      );
      assert.equal(claims.filter(Boolean).length, 1);
      assert.equal(await ledger().claimCronRun('baselines', noon), true);
      await reopen();
      assert.equal(await ledger().claimCronRun('retention', noon), false);
      assert.equal(await ledger().claimCronRun('retention', noon + day), true);
    });

    it('a pause survives a restart', async () => {
      assert.equal(await ledger().paused(), false);
      await ledger().setPaused(true);
      await reopen();
      assert.equal(await ledger().paused(), true);
      await ledger().setPaused(false);
      assert.equal(await ledger().paused(), false);
    });

    it('a lease from before a restart cannot be used by another worker', async () => {
      const { id } = await leased(ledger(), 'a');
      await reopen();
      const next = must(await ledger().lease('b', noon + minute, minute));
      assert.equal(next.id, id);
      assert.equal(await ledger().advance(id, 'a', { state: 'skipped' }, noon + minute), false);
    });
  });
}
