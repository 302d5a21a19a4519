import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { beginText, finishText, type Surroundings } from '../../../src/annotations/text.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import { capturing, finished } from '../../given/capture.ts';

const around: Surroundings = {
  publicUrl: 'https://flamepin.example.com/',
  signed: null,
  place: '',
  profilerLinks: [],
};
const id = 'c-01k9f3v8w0000000000000000a';
const example = (changes: Partial<Capture> = {}) => ({
  ...capturing(changes, Date.UTC(2026, 10, 23, 2, 14, 7)),
  id,
});
const done = (changes: Partial<Capture> = {}) => finished(example(), changes);

/** Written anew with UPDATE_GOLDEN=1; read the difference before committing it. */
function assertGolden(name: string, text: string): void {
  const path = join(import.meta.dirname, 'golden', `${name}.html`);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, `${text}\n`);
  assert.equal(`${text}\n`, readFileSync(path, 'utf8'));
}

const answer = (changes: Partial<NonNullable<Capture['answer']>>) => {
  const capture = done();
  return capture.answer === null ? capture : { ...capture, answer: { ...capture.answer, ...changes } };
};

const texts: Record<string, () => string> = {
  begin: () => beginText(example(), around),
  'begin-without-target': () => beginText(example({ target: null }), around),
  finished: () => finishText(done(), around),
  'finished-likely-without-comparison': () =>
    finishText(answer({ confidence: 'likely', comparedWith: null }), around),
  'finished-unknown': () =>
    finishText(
      answer({
        headline: 'cpu: no application code stands out (0.02 cores, 12 samples)',
        confidence: 'unknown',
        lines: [],
        topFrames: [],
        samples: 12,
      }),
      around,
    ),
  partial: () => finishText(done({ partial: true }), around),
  resolved: () => finishText(done({ alertResolvedAt: '2026-11-23T02:31:00Z' }), around),
  'answer-not-stored-yet': () =>
    finishText(
      done({
        state: 'storing',
        artifacts: [],
        reason: { code: 'store-missing', detail: 'NoSuchBucket (HTTP 404), bucket profiles' },
        storeRetry: { since: '2026-11-23T02:14:40Z', tries: 3, nextTryAt: '2026-11-23T02:14:44Z' },
      }),
      around,
    ),
  'answer-never-stored': () =>
    finishText(
      done({ state: 'failed', artifacts: [], reason: { code: 'store-denied', detail: 'AccessDenied' } }),
      around,
    ),
  'ended-as-ordered': () =>
    finishText(done({ harm: 'pod checkout-1 was deleted', harmBlocks: false }), around),
  harm: () => finishText(done({ harm: 'The pod restarted 40 s after its window (exit code 137).' }), around),
  skipped: () =>
    finishText(
      example({ state: 'skipped', target: null, reason: { code: 'deadline-passed', detail: '' } }),
      around,
    ),
  failed: () =>
    finishText(
      example({ state: 'failed', reason: { code: 'target-denied', detail: 'flamepin.io/profile: "never"' } }),
      around,
    ),
  'other-panel': () =>
    finishText(done(), {
      ...around,
      place: 'The alert’s own panel (type stat) draws no annotations; this one is on every panel that does.',
    }),
  'refused-with-profiler-link': () =>
    finishText(example({ state: 'skipped', reason: { code: 'memory-low', detail: '12 MB are left' } }), {
      ...around,
      profilerLinks: [
        { text: 'Pyroscope', url: 'https://pyroscope.example.com/?query=checkout&from=1795400047' },
        { text: 'Datadog', url: 'https://app.example.com/profiling?from=1795400047000' },
      ],
    }),
  'without-address': () => finishText(done(), { ...around, publicUrl: null }),
  'signed-link': () =>
    finishText(done(), {
      ...around,
      publicUrl: null,
      signed: {
        url: 'https://s3.example.com/flamegraph.html?a=1&b=2',
        expiresAt: new Date('2026-11-30T02:14:37Z'),
      },
    }),
};

describe('the text of a mark', () => {
  for (const [name, text] of Object.entries(texts))
    it(`reads well: ${name}`, () => assertGolden(name, text()));

  it('stays below Grafana’s column and shows no label as HTML, whatever the labels hold', () => {
    const hostile = fc
      .string({ unit: 'binary', maxLength: 200 })
      .map((text) => `<script>"'&${text.repeat(100)}</b>`);
    fc.assert(
      fc.property(hostile, (text) => {
        const capture = answer({
          headline: text,
          lines: Array.from({ length: 50 }, () => text),
          topFrames: Array.from({ length: 50 }, () => ({ name: text, share: 1 })),
          comparedWith: { captureId: id, label: text },
        });
        capture.alert.labels = { alertname: text, namespace: text };
        capture.harm = text;
        if (capture.target !== null)
          Object.assign(capture.target, { name: text, workload: text, choice: text });
        for (const state of ['done', 'failed'] as const) {
          const reason = { code: 'internal-error', detail: text } as const;
          const html = finishText(
            { ...capture, state, reason },
            {
              ...around,
              place: text,
              profilerLinks: Array.from({ length: 20 }, () => ({ text, url: text })),
            },
          );
          assert.ok(Buffer.byteLength(html) < 60_000, `${Buffer.byteLength(html)} bytes`);
          const tags = Array.from(html.matchAll(/<\/?([a-z0-9]+)/gi), ([, name]) => name ?? '');
          assert.deepEqual(
            tags.filter((name) => !['a', 'b', 'br', 'code', 'i'].includes(name)),
            [],
          );
        }
      }),
      { numRuns: 30 },
    );
  });
});
