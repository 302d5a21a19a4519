import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { answer } from '../../../src/profile/answer/summary.ts';
import { summaryMarkdown } from '../../../src/profile/answer/summary-markdown.ts';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import { comparisonSchema } from '../../../src/profile/comparison/comparison.ts';
import { profileSchema, type Profile, type Sampling } from '../../../src/profile/profile.ts';
import { captureEvents, frameTypes, sampleCounts, threadStates } from '../../../src/profile/sampling.ts';

const names = [
  'java/lang/Thread.run',
  'com/acme/shop/Main.main',
  'com/acme/shop/Checkout.price',
  'com/acme/shop/RuleSet.scan',
  'org/springframework/web/Dispatcher.handle',
  'java/util/HashMap.get',
  'java/lang/Thread.sleep',
  'G1ParTask::work',
  'CompileBroker::compiler_thread_loop',
  'byte[]',
];

/** Amounts that break a division: none, one, and more than any window holds. */
const amount = fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 1e15), fc.nat({ max: 5000 }));
const sampling: fc.Arbitrary<Sampling | undefined> = fc.option(
  fc.record({
    sampler: fc.constantFrom('ctimer', 'itimer'),
    counts: fc.option(fc.constantFrom(...sampleCounts)),
    rated: fc.boolean(),
  }),
  { nil: undefined },
);

const profiles: fc.Arbitrary<Profile> = fc
  .record({
    durationSeconds: fc.constantFrom(0, 1e-6, 0.4, 1, 15, 15.3, 86_400 * 400),
    edges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 12 }),
    events: fc.uniqueArray(fc.constantFrom(...captureEvents), { maxLength: 4 }),
    rows: fc.array(
      fc.tuple(fc.nat(), fc.nat({ max: 2 }), fc.nat({ max: 4 }), fc.nat({ max: 40 }), amount, amount),
      {
        maxLength: 30,
      },
    ),
    /** Recordings that do not say their interval have no values; masked or broken ones might lack counts. */
    nothing: fc.constantFrom('', 'value', 'count'),
    interval: fc.constantFrom(0, 1, 10_000_000),
    sampling,
    cpuLoad: fc.array(
      fc.record({ atMs: fc.nat({ max: 20_000 }), jvm: fc.constantFrom(0, 0.5, 1), machine: fc.constant(1) }),
      {
        maxLength: 4,
      },
    ),
    processors: fc.option(fc.constantFrom(1, 64), { nil: undefined }),
    gcPauses: fc.array(fc.record({ atMs: fc.nat(), durationMs: amount, name: fc.constant('G1') }), {
      maxLength: 3,
    }),
  })
  .map(({ edges, events, rows, interval, nothing, sampling: how, processors, ...facts }) => {
    const stacks = { parent: [0], frame: [0], line: [0] };
    for (const [above, frame] of edges) {
      stacks.parent.push(above % stacks.parent.length);
      stacks.frame.push(1 + (frame % names.length));
      stacks.line.push(0);
    }
    const column = (at: 0 | 1 | 2 | 3 | 4 | 5): number[] => rows.map((row) => row[at]);
    const samples = {
      stack: column(0).map((stack) => stack % stacks.parent.length),
      thread: column(1),
      state: column(2).map((state) => state % threadStates.length),
      slot: column(3),
      count: nothing === 'count' ? column(4).map(() => 0) : column(4),
      value: nothing === 'value' ? column(5).map(() => 0) : column(5),
    };
    return profileSchema.parse({
      ...facts,
      version: 1,
      startedAt: 0,
      partial: false,
      engine: null,
      mainClass: null,
      jvm: null,
      frames: {
        name: ['', ...names],
        type: [0, ...names.map((name) => frameTypes.indexOf(name.includes('/') ? 'jit' : 'cpp'))],
      },
      stacks,
      threads: ['a', 'b', 'c'],
      events: Object.fromEntries(
        events.map((event) => [
          event,
          {
            unit: event === 'alloc' ? 'bytes' : 'nanoseconds',
            interval,
            samples,
            ...(how && { sampling: how }),
          },
        ]),
      ),
      warnings: [],
      ...(processors !== undefined && { processors }),
    });
  });

/** JSON has neither NaN nor infinite numbers: it would hide them as null. */
function assertFinite(value: unknown, path: string): void {
  if (typeof value === 'number') assert.ok(Number.isFinite(value), `${path} is ${value}`);
  else if (typeof value === 'string') assert.doesNotMatch(value, /NaN|Infinity|undefined|null/, path);
  else if (value !== null && typeof value === 'object')
    for (const [key, inner] of Object.entries(value)) assertFinite(inner, `${path}.${key}`);
}

describe('any two profiles', () => {
  it('are compared and put into words without a number that is none', () => {
    fc.assert(
      fc.property(
        profiles,
        profiles,
        fc.array(profiles, { maxLength: 2 }),
        fc.constantFrom(...captureEvents),
        (base, current, otherBaselines, event) => {
          const comparison = compareProfiles(base, current, {
            event,
            baseLabel: 'yesterday',
            otherBaselines,
          });
          assertFinite(comparisonSchema.parse(comparison), 'comparison');
          for (const row of comparison.changed) {
            assert.ok(row.deltaShareLow <= row.deltaShare && row.deltaShare <= row.deltaShareHigh);
            assert.ok(
              row.baseShare >= 0 && row.baseShare <= 1 && row.currentShare >= 0 && row.currentShare <= 1,
            );
          }
          const words = answer({
            profile: current,
            event,
            labels: { uri: '/checkout' },
            startsAt: null,
            durationSeconds: 15,
            comparison,
            cpuThrottling: null,
            targetStartedAt: null,
          });
          assertFinite(words, 'answer');
          const markdown = summaryMarkdown({
            title: 'shop',
            target: '',
            startedAt: null,
            durationSeconds: 15,
            answer: words,
            topFrames: [{ event, frames: words.topFrames }],
            comparison,
            labels: {},
            links: [],
          });
          assertFinite(markdown, 'summary.md');
        },
      ),
      { numRuns: 400 },
    );
  });
});
