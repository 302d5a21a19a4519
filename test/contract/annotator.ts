import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Annotator } from '../../src/captures/annotator.ts';
import type { Capture } from '../../src/captures/capture.ts';
import { capturing, finished } from '../given/capture.ts';

/** A mark as the suite sees it, wherever it is kept. */
export interface SeenMark {
  id: number;
  text: string;
  /** Epoch milliseconds. */
  time: number;
  timeEnd: number;
}

export interface AnnotatorUnderTest {
  annotator: Annotator;
  /** The marks that carry this capture's id. */
  marksOf: (capture: Capture) => SeenMark[];
  stop(): Promise<void>;
}

const soon = () => AbortSignal.timeout(30_000);

/** What every annotator keeps to. */
export function testAnnotator(name: string, open: () => Promise<AnnotatorUnderTest>): void {
  describe(`annotator: ${name}`, () => {
    const on = (title: string, body: (under: AnnotatorUnderTest) => Promise<void>) => {
      it(title, async () => {
        const under = await open();
        try {
          await body(under);
        } finally {
          await under.stop();
        }
      });
    };
    const only = (marks: SeenMark[]): SeenMark => {
      const [mark, ...others] = marks;
      assert.ok(mark !== undefined && others.length === 0, `${marks.length} marks instead of one`);
      return mark;
    };

    on('marks the panel while the capture runs', async ({ annotator, marksOf }) => {
      const capture = capturing();
      const id = await annotator.begin(capture, soon());
      const mark = only(marksOf(capture));
      assert.equal(mark.id, id);
      assert.match(mark.text, /profiling .*checkout-7d9f-x2x/);
      assert.equal(mark.time, Date.parse(capture.timeline.startedAt ?? ''));
    });

    on('turns the mark into the answer', async ({ annotator, marksOf }) => {
      const capture = capturing();
      const id = await annotator.begin(capture, soon());
      const done = finished(capture);
      assert.equal(await annotator.finish(done, soon()), id);
      const mark = only(marksOf(capture));
      assert.match(mark.text, /61% waiting in HikariPool\.getConnection/);
      assert.doesNotMatch(mark.text, /profiling/);
      assert.ok(mark.time <= Date.parse(done.timeline.startedAt ?? ''));
      assert.ok(mark.timeEnd >= Date.parse(done.timeline.windowEndedAt ?? ''));
    });

    on('leaves one mark however often begin and finish are repeated', async ({ annotator, marksOf }) => {
      const capture = capturing();
      const ids = new Set<number>();
      for (let i = 0; i < 3; i += 1) ids.add(await annotator.begin(capture, soon()));
      for (let i = 0; i < 3; i += 1) ids.add(await annotator.finish(finished(capture), soon()));
      ids.add(await annotator.begin(finished(capture), soon()));
      assert.equal(ids.size, 1);
      assert.match(only(marksOf(capture)).text, /61%/);
    });

    on('makes the final mark although there never was a first one', async ({ annotator, marksOf }) => {
      const done = finished(capturing());
      await annotator.finish(done, soon());
      assert.match(only(marksOf(done)).text, /61%/);
    });

    on('says why there is no profile', async ({ annotator, marksOf }) => {
      const failed = capturing({ state: 'failed', reason: { code: 'target-gone', detail: 'exit code 137' } });
      await annotator.finish(failed, soon());
      assert.match(only(marksOf(failed)).text, /No profile: .*went away.*exit code 137/i);
    });

    on('gives each capture its own mark', async ({ annotator, marksOf }) => {
      const captures = [capturing(), capturing(), capturing()];
      for (const capture of captures) await annotator.begin(capture, soon());
      for (const capture of captures) await annotator.finish(finished(capture), soon());
      assert.equal(new Set(captures.map((capture) => only(marksOf(capture)).id)).size, 3);
    });

    on('ends the mark when the alert resolves', async ({ annotator, marksOf }) => {
      const done = finished(capturing({}, Date.now() - 40 * 60_000));
      await annotator.finish(done, soon());
      const alertResolvedAt = new Date(Date.now() - 60_000).toISOString();
      await annotator.finish({ ...done, alertResolvedAt }, soon());
      assert.equal(only(marksOf(done)).timeEnd, Date.parse(alertResolvedAt));
    });

    on(
      'says the answer while its flame graph is not stored yet, and both later',
      async ({ annotator, marksOf }) => {
        const capture = capturing();
        const id = await annotator.begin(capture, soon());
        const reason = { code: 'store-missing', detail: 'bucket profiles' } as const;
        const waiting = finished(capture, { state: 'storing', reason, artifacts: [] });
        assert.equal(await annotator.finish(waiting, soon()), id);
        const early = only(marksOf(capture)).text;
        assert.match(early, /61% waiting in HikariPool\.getConnection.*not stored yet/);
        assert.doesNotMatch(early, /Open the flame graph|flamegraph\.svg|No profile/);
        assert.equal(await annotator.finish(finished(capture), soon()), id);
        const last = only(marksOf(capture)).text;
        assert.match(last, /61%.*Open the flame graph/);
        assert.doesNotMatch(last, /not stored yet/);
      },
    );

    on('adds to the mark that the target was harmed', async ({ annotator, marksOf }) => {
      const done = finished(capturing());
      await annotator.finish(done, soon());
      await annotator.finish({ ...done, harm: 'The pod restarted 40 s after its window.' }, soon());
      assert.match(only(marksOf(done)).text, /Attention: The pod restarted 40 s after its window/);
    });
  });
}
