import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { answer, type ProfileAnswer } from '../../../src/profile/answer/summary.ts';
import { compareProfiles } from '../../../src/profile/comparison/compare.ts';
import { processCpu, unseenCpu } from '../../../src/profile/process-cpu.ts';
import { profileSchema, type Profile, type ProfileEvent } from '../../../src/profile/profile.ts';
import { readProfile } from '../../../src/profile/reading/read-profile.ts';

const recordings = new URL('../../fixtures/recordings/', import.meta.url);
const read = (name: string): Profile =>
  profileSchema.parse(readProfile(gunzipSync(readFileSync(new URL(`${name}.jfr.gz`, recordings)))));
const sum = (column: readonly number[]): number => column.reduce((a, b) => a + b, 0);
const coresOf = (profile: Profile): number =>
  sum(profile.events.cpu?.samples.value ?? []) / 1e9 / profile.durationSeconds;

function ask(profile: Profile, event: ProfileEvent): ProfileAnswer {
  return answer({
    profile,
    event,
    labels: {},
    startsAt: null,
    durationSeconds: profile.durationSeconds,
    comparison: null,
    cpuThrottling: null,
    targetStartedAt: null,
  });
}
const said = ({ headline, lines }: ProfileAnswer): string => [headline, ...lines].join('\n');

const itimer = read('profiler-2.9-itimer');
const all = read('profiler-2.9-all');
const jfrsync = read('profiler-4.5-jfrsync');
const jdk = read('jdk-17');
const cpuTime = read('jdk-25-cpu-time');
const twice = read('two-recordings');

describe('async-profiler 2.9, which gives samples of CPU time a state of their thread', () => {
  it('recorded cpu, about 0.8 cores, and nothing of wall', () => {
    assert.deepEqual(Object.keys(itimer.events), ['cpu']);
    assert.equal(itimer.recorder, 'async-profiler 2.9');
    assert.equal(itimer.engine, 'itimer');
    assert.ok(Math.abs(coresOf(itimer) - 0.82) < 0.01, `${coresOf(itimer)}`);
    assert.ok(Math.abs(coresOf(itimer) - processCpu(itimer)!.cores) < 0.05);
    const words = said(ask(itimer, 'cpu'));
    assert.match(words, /^\d+% of CPU time is spent in Wild\./);
    assert.match(words, /^cpu: 0\.8\d cores, of which/m);
    assert.doesNotMatch(words, /wall|threads/);
  });

  it('with more events still has no wall clock', () => {
    assert.deepEqual(Object.keys(all.events), ['cpu', 'alloc', 'lock']);
    assert.doesNotMatch(said(ask(all, 'cpu')), /wall|threads/);
  });
});

describe('async-profiler beside the recorder of the JDK (jfrsync)', () => {
  it('is what took the samples', () => {
    assert.equal(jfrsync.recorder, "async-profiler 4.5 together with the JDK's recorder");
    assert.equal(jfrsync.events.wall?.interval, 50_000_000);
    assert.deepEqual(jfrsync.events.cpu?.sampling, { sampler: 'ctimer', counts: 'cpu-time', rated: true });
    assert.deepEqual(jfrsync.warnings, []);
    assert.match(said(ask(jfrsync, 'wall')), /^Time: .*\b32% sleeping.* threads active on average\.$/m);
  });

  it('was recorded while async-profiler was at it, not while the JDK was', () => {
    assert.ok(Math.abs(jfrsync.durationSeconds - 4.037) < 0.001);
    assert.ok(Math.abs(coresOf(jfrsync) - 0.81) < 0.01);
  });
});

describe("the JDK's own recorders", () => {
  it('of CPU time give cpu, each sample for its own period', () => {
    assert.deepEqual(Object.keys(cpuTime.events), ['cpu']);
    assert.equal(sum(cpuTime.events.cpu!.samples.count), 444);
    assert.ok(Math.abs(coresOf(cpuTime) - 1.11) < 0.01);
    const { headline, lines } = ask(cpuTime, 'cpu');
    assert.match(headline, /^\d+% of CPU time is spent in .*: \d\.\d+ cores$/);
    assert.doesNotMatch(lines.join('\n'), /idle|not shown|wall/i);
  });

  it('of running threads say where, and the JVM itself says how much', () => {
    assert.deepEqual(Object.keys(jdk.events), ['cpu', 'alloc', 'lock']);
    assert.deepEqual(processCpu(jdk), {
      cores: processCpu(jdk)!.cores,
      low: 1.4299999754875898,
      high: 1.980000028386712,
      readings: 3,
      leastSeconds: processCpu(jdk)!.leastSeconds,
    });
    const words = said(ask(jdk, 'cpu'));
    assert.match(words, /^\d+% of the sampled work is spent in Wild\.\w+$/m);
    assert.match(words, /^The process used 1\.7\d cores by its own account \(3 readings of its CPU load, /m);
    // Of no frame and of no other total is a rate given.
    assert.doesNotMatch(words, /\b0 (?:threads|cores)|cpu: [\d.]+ cores/);
  });
});

describe('two recordings in one file, 18 minutes apart', () => {
  it('are rated over the 12 seconds that were recorded', () => {
    assert.ok(Math.abs(twice.durationSeconds - 12.02) < 0.01, `${twice.durationSeconds}`);
    assert.ok(Math.abs(coresOf(twice) - processCpu(twice)!.cores) < 0.1);
    assert.equal(unseenCpu(twice), null);
    assert.match(
      twice.warnings.join(),
      /^12 s were recorded, in 2 parts: the 1068 s between them are left out/,
    );
    assert.ok(Math.max(...twice.events.cpu!.samples.slot) <= 23);
    assert.ok(twice.cpuLoad.every(({ atMs }) => atMs < 12_020));
  });
});

describe('the CPU time that samples missed', () => {
  const short = read('short-threads');

  it('leads where it is most of what the process used: threads that live for milliseconds', () => {
    const { headline, lines } = ask(short, 'cpu');
    assert.equal(
      headline,
      "cpu: only 3% of the process's CPU time was sampled (0.011 of 0.38 cores): what used the rest is not known",
    );
    assert.match(lines.join('\n'), /^cpu: 0\.011 cores, of which/m);
    assert.doesNotMatch(lines.join('\n'), /Only 3%/);
    // Of another event it is a line.
    const wall = ask(short, 'wall');
    assert.doesNotMatch(wall.headline, /CPU time/);
    assert.ok(wall.lines.some((line) => line.startsWith("Only 3% of the process's CPU time was sampled")));
  });

  it('is never called nothing', () => {
    const { wall } = short.events;
    const none: Profile = { ...short, events: { ...(wall && { wall }) }, withoutSamples: ['cpu'] };
    const found = ask(none, 'cpu');
    assert.equal(found.headline, 'cpu: none of the 0.38 cores that the process used is in the samples');
    assert.ok(
      found.lines.includes(
        'No cpu samples, though the process used the processor: its threads could not be sampled.',
      ),
    );
    assert.doesNotMatch(said(found), /nothing of that kind/);
  });

  it('is none where they agree, and where the process hardly ran', () => {
    for (const profile of [itimer, all, jfrsync, twice]) assert.equal(unseenCpu(profile), null);
    assert.equal(unseenCpu({ ...short, cpuLoad: short.cpuLoad.map((one) => ({ ...one, jvm: 0.01 })) }), null);
  });
});

describe('two recordings', () => {
  const compare = (base: Profile, current: Profile, event: ProfileEvent) =>
    compareProfiles(base, current, { event, baseLabel: 'yesterday' });

  for (const [base, current, event, why] of [
    [itimer, jfrsync, 'cpu', 'it was recorded by itimer in yesterday, by ctimer now'],
    [all, jfrsync, 'cpu', 'it was recorded by itimer in yesterday, by ctimer now'],
    [
      all,
      jfrsync,
      'alloc',
      'it was recorded by async-profiler 2 (allocation events) in yesterday, by async-profiler (allocation events) now',
    ],
    [
      all,
      jfrsync,
      'lock',
      'it was recorded by async-profiler 2 (waits of 1 ms and more) in yesterday, by async-profiler (waits of 1 ms and more) now',
    ],
    [jdk, cpuTime, 'cpu', 'its samples count threads that run Java code in yesterday and CPU time now'],
    [itimer, cpuTime, 'alloc', "async-profiler 2.9 recorded yesterday, and the JDK's recorder recorded now"],
  ] as const) {
    it(`that were recorded differently are not compared in ${event}: ${why}`, () => {
      const found = compare(base, current, event);
      assert.equal(found.headline, `${event}: cannot be compared, ${why}`);
      assert.deepEqual(found.changed, []);
      assert.equal(found.totalChanged, false);
      assert.deepEqual(found.changedFrames, { grew: [], shrank: [] });
    });
  }

  it('by the same sampler are compared, also by 2.9 and with other events beside it', () => {
    assert.match(compare(itimer, all, 'cpu').headline, /^cpu: nothing changed beyond noise vs yesterday/);
    assert.equal(
      compare(itimer, all, 'lock').headline,
      'lock: cannot be compared, it was not recorded in yesterday',
    );
  });
});
