import assert from 'node:assert/strict';
import { readFile, writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { maskSecrets } from '../../src/jfr/mask-arguments.ts';
import { collapsed } from '../../src/profile/collapsed.ts';
import { processCpu, unseenCpu } from '../../src/profile/process-cpu.ts';
import { type Profile, profileSchema } from '../../src/profile/profile.ts';
import { pausesVerdict } from '../../src/profile/answer/verdicts.ts';
import { profileEvents } from '../../src/profile/sampling.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import {
  convert,
  convertedPath,
  makeRecordings,
  plantedSecret,
  type Recording,
} from '../setup/recordings.ts';

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const sorted = (lines: string) => lines.split('\n').filter(Boolean).sort();

describe('Recordings of real JVMs', { timeout: 240_000 }, () => {
  let recordings: Recording[];
  let profiles: Map<Recording, Profile>;
  const profileOf = (name: RegExp) => {
    const recording = recordings.find((one) => name.test(one.name));
    assert.ok(recording, `a recording ${name}`);
    return profiles.get(recording)!;
  };

  before(async () => {
    recordings = await makeRecordings();
    await convert(recordings, profileEvents);
    profiles = new Map(recordings.map((one) => [one, readProfile(one.bytes)]));
  });

  it('give the same lines as jfrconv, for every event', async () => {
    const rows = [];
    for (const recording of recordings) {
      for (const event of profileEvents) {
        const theirs = sorted(await readFile(convertedPath(recording.path, event), 'utf8'));
        if (theirs.length > 0) rows.push(event);
        // The converter calls whatever the JDK's recorder saw wall; that is compared below.
        if (/JDK's recorder/.test(recording.name) && (event === 'cpu' || event === 'wall')) continue;
        const ours = sorted(collapsed(profiles.get(recording)!, event));
        assert.deepEqual(ours, theirs, `${recording.name}, ${event}`);
      }
    }
    // Every event was really compared, most of them in many recordings.
    for (const event of profileEvents) assert.ok(rows.includes(event), `some recording holds ${event}`);
    assert.ok(rows.length >= 20, `${rows.length} comparisons`);
  });

  it("of the JDK's recorder give jfrconv's stacks: running threads as cpu, native calls as wall", async () => {
    const own = recordings.filter(({ name }) => /by the JDK's recorder, /.test(name));
    assert.ok(own.length > 0);
    for (const recording of own) {
      const profile = profiles.get(recording)!;
      const theirs = sorted(await readFile(convertedPath(recording.path, 'wall'), 'utf8'));
      // The share of a frame that ran in one way is of other samples where both are in one tree, so not its suffix.
      const plain = (lines: string) => lines.replaceAll(/_\[[01ij]\]/g, '');
      const counts = (lines: readonly string[]) => {
        const found = new Map<string, number>();
        for (const line of lines.map(plain)) {
          const at = line.lastIndexOf(' ');
          found.set(line.slice(0, at), (found.get(line.slice(0, at)) ?? 0) + Number(line.slice(at)));
        }
        return [...found].sort();
      };
      assert.deepEqual(
        counts(sorted(collapsed(profile, 'cpu') + collapsed(profile, 'wall'))),
        counts(theirs),
        recording.name,
      );
      assert.ok(collapsed(profile, 'cpu') !== '', recording.name);
      assert.equal(profile.events.cpu?.sampling?.counts, 'running-java');
      assert.equal(profile.events.cpu.sampling.rated, false);
    }
  });

  it('become profiles that the schema accepts', () => {
    for (const profile of profiles.values()) {
      profileSchema.parse(profile);
      assert.equal(profile.partial, false);
    }
  });

  it('tell the engine, the interval, the main class and the JVM', () => {
    const profile = profileOf(/as flamepin records/);
    assert.equal(profile.engine, 'ctimer');
    assert.equal(profile.mainClass, 'shop.Shop');
    assert.match(profile.jvm ?? '', /OpenJDK.* \d+\./);
    assert.equal(profile.events.cpu?.interval, 10_000_000);
    assert.equal(profile.events.wall?.interval, 50_000_000);
    assert.equal(profile.events.alloc?.interval, 524_288);
    assert.equal(profile.events.lock?.interval, 1_000_000);
    assert.ok(Math.abs(profile.durationSeconds - 5) < 2, `${profile.durationSeconds} s`);
    assert.equal(profileOf(/every millisecond/).events.cpu?.interval, 1_000_000);
  });

  it('keep what each thread does in each half second', () => {
    const profile = profileOf(/as flamepin records/);
    const { slot, thread, state, count, value } = profile.events.wall!.samples;
    assert.deepEqual(
      [...new Set(slot)].sort((a, b) => a - b),
      Array.from({ length: Math.round(profile.durationSeconds * 2) }, (_, half) => half),
    );
    assert.ok(profile.threads.includes('request-7'));
    assert.ok(profile.threads.includes('housekeeping <b>&"quoted"</b>; with semicolon'));
    assert.deepEqual(new Set(state), new Set([1, 2]));
    // A thread is sampled every 50 ms, so each is worth one second per second; an overloaded machine misses some.
    const request = profile.threads.indexOf('request-7');
    const seconds = value.reduce((sum, one, row) => sum + (thread[row] === request ? one : 0), 0) / 1e9;
    assert.ok(seconds > 2 && seconds < profile.durationSeconds + 1, `${seconds} s of request-7`);
    assert.equal(
      count.reduce((a, b) => a + b) * 50_000_000,
      value.reduce((a, b) => a + b),
    );
  });

  it('show their whole chunks when the JVM was killed in a later one', () => {
    const { bytes } = recordings.find(({ name }) => /several chunks/.test(name))!;
    const second = bytes.indexOf(Buffer.from('FLR\0', 'latin1'), 4);
    assert.ok(second > 0);
    // As a killed JVM leaves it: the second chunk without its constants, its header not filled in.
    const killed = Buffer.from(bytes.subarray(0, second + 4000));
    killed.fill(0, second + 8, second + 32);
    const profile = readProfile(killed);
    assert.equal(profile.partial, true);
    assert.match(profile.warnings.join(), /cut off/);
    assert.equal(collapsed(profile, 'cpu'), collapsed(readProfile(bytes.subarray(0, second)), 'cpu'));
    maskSecrets(killed);
    assert.equal(killed.includes(plantedSecret), false);
    assert.deepEqual(readProfile(killed).events.cpu, profile.events.cpu);
  });

  it('keep counts, bytes and durations apart', () => {
    const { alloc, lock } = profileOf(/as flamepin records/).events;
    assert.ok(sum(alloc!.samples.value) > sum(alloc!.samples.count) * 1000);
    assert.ok(sum(lock!.samples.value) >= sum(lock!.samples.count) * 1_000_000, 'waits of at least 1 ms');
  });

  it('keep lines of source', () => {
    const { frames, stacks } = profileOf(/as flamepin records/);
    const scan = stacks.frame.flatMap((frame, node) =>
      frames.name[frame] === 'shop/Shop$Checkout.order' ? [stacks.line[node]] : [],
    );
    assert.ok(scan.length > 0);
    assert.ok(
      scan.every((line) => line !== undefined && line > 100 && line < 300),
      String(scan),
    );
  });

  it("say what the samples cannot tell when the JDK's sampler of threads recorded, and only then", () => {
    for (const recording of recordings) {
      const { warnings } = profiles.get(recording)!;
      const told = warnings.some((warning) => warning.startsWith("Recorded by the JDK's sampler of running"));
      assert.equal(told, /by the JDK's recorder, /.test(recording.name), recording.name);
    }
  });

  it("show the samples of CPU time that the JDK's recorder of JDK 25 may hold as cpu, in place of the others", () => {
    const recording = recordings.find(({ name }) => /of CPU time/.test(name));
    if (recording?.bytes.includes('jdk.CPUTimeSample') !== true) return;
    const profile = profiles.get(recording)!;
    assert.deepEqual(profile.events.cpu?.sampling, {
      sampler: "the JDK's CPU-time sampler",
      counts: 'cpu-time',
      rated: true,
    });
    assert.match(profile.warnings.join(), /\b\d+ samples are left out: another sampler recorded the same/);
    // The same seconds by the process's own account; its threads outside of Java are not sampled.
    const cores = sum(profile.events.cpu.samples.value) / 1e9 / profile.durationSeconds;
    const used = processCpu(profile)!;
    assert.ok(cores > 0.2 * used.low && cores < 1.2 * used.high, `${cores} of ${JSON.stringify(used)}`);
  });

  it("hold as much CPU time as the process used, by the samples and by the recording's own account", () => {
    for (const recording of recordings) {
      if (/JDK's recorder|wall alone/.test(recording.name)) continue;
      const profile = profiles.get(recording)!;
      assert.ok(profile.processors !== undefined, recording.name);
      const unseen = unseenCpu(profile);
      // The kernel's timer ticks every 4 ms at the most: of a sample each millisecond most are missing.
      if (recording.name.startsWith('every millisecond'))
        assert.ok(unseen !== null && unseen.share < 0.6, JSON.stringify(unseen));
      else assert.equal(unseen, null, recording.name);
    }
  });

  it("hold the JDK's pauses of garbage collection when its own recorder made them", () => {
    const { gcPauses, cpuLoad, durationSeconds } = profileOf(/JDK's recorder/);
    assert.ok(gcPauses.length > 2);
    for (const { atMs, durationMs } of gcPauses) {
      assert.ok(atMs >= 0 && atMs <= durationSeconds * 1000 && durationMs > 0 && durationMs < 1000);
    }
    assert.ok(cpuLoad.length > 0 && cpuLoad.every(({ machine }) => machine >= 0 && machine <= 1));
  });

  it('show pauses of garbage collection where async-profiler made them, by its wall clock', () => {
    const stopped = recordings.filter(({ name }) => name.startsWith('with a heap nearly full'));
    assert.ok(stopped.length > 0);
    for (const recording of stopped) {
      const verdict = pausesVerdict(profiles.get(recording)!);
      assert.match(
        verdict?.sentence ?? '',
        /^garbage collection stopped the JVM for about \d+% of the window \(its VM thread was collecting in \d+ of \d+ samples\)$/,
        recording.name,
      );
    }
  });

  it('of the wall clock alone have its interval', () => {
    assert.equal(profileOf(/wall alone/).events.wall?.interval, 20_000_000);
  });

  describe('once masked', () => {
    let directory: string;
    let masked: Recording[];
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'flamepin-masked-'));
      masked = [];
      for (const [number, { name, bytes }] of recordings.entries()) {
        const copy = Buffer.from(bytes);
        maskSecrets(copy);
        const path = join(directory, `${number}.jfr`);
        await writeFile(path, copy);
        masked.push({ name, path, bytes: copy });
      }
    });
    after(() => rm(directory, { recursive: true, force: true }));

    it('hold no argument, property or variable', () => {
      for (const [number, { name, bytes }] of masked.entries()) {
        assert.ok(recordings[number]!.bytes.includes(plantedSecret), `${name} held the secret`);
        for (const encoding of ['latin1', 'utf16le'] as const) {
          assert.equal(bytes.includes(Buffer.from(plantedSecret, encoding)), false, name);
        }
        assert.equal(bytes.length, recordings[number]!.bytes.length);
      }
    });

    it('still name the main class, and which options were set', () => {
      for (const { bytes } of masked) {
        assert.equal(readProfile(bytes).mainClass, 'shop.Shop');
        assert.ok(bytes.includes('-Xmx96m'));
        assert.ok(bytes.includes('-Dshop.password=***'));
      }
    });

    it('give jfrconv and us the same stacks as before', async () => {
      const some = masked.filter(({ name }) => /several chunks|JDK's recorder|as flamepin/.test(name));
      await convert(some, ['cpu', 'wall', 'alloc', 'lock']);
      for (const { name, path, bytes } of some) {
        const original = profiles.get(recordings.find((one) => one.name === name)!)!;
        for (const event of ['cpu', 'wall', 'alloc', 'lock'] as const) {
          const lines = sorted(collapsed(original, event));
          assert.deepEqual(sorted(collapsed(readProfile(bytes), event)), lines, name);
          if (/JDK's recorder/.test(name) && (event === 'cpu' || event === 'wall')) continue;
          assert.deepEqual(sorted(await readFile(convertedPath(path, event), 'utf8')), lines, name);
        }
      }
    });
  });
});
