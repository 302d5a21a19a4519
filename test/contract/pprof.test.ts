import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { exported } from '../../src/profile/export/exported.ts';
import type { Profile, ProfileEvent } from '../../src/profile/profile.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';

const recordings = new URL('../fixtures/recordings/', import.meta.url);
const read = (name: string): Profile =>
  readProfile(gunzipSync(readFileSync(new URL(`${name}.jfr.gz`, recordings))));
const sum = (column: readonly number[]): number => column.reduce((a, b) => a + b, 0);

describe('go tool pprof', { timeout: 600_000 }, () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-pprof-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** Its raw form lists every value of every sample, and every location. */
  async function pprof(profile: Profile, event: ProfileEvent, ...options: string[]): Promise<string> {
    const file = join(directory, 'profile.pb.gz');
    await writeFile(file, exported(profile, event, 'pprof', 'shop'));
    const { status, stdout, stderr, error } = spawnSync('go', ['tool', 'pprof', ...options, file], {
      encoding: 'utf8',
      // Go compiles its tool at the first use, which takes minutes beside other work, and keeps it.
      timeout: 300_000,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, PPROF_TMPDIR: directory },
    });
    if (error !== undefined)
      throw new Error('go tool pprof did not run: install Go 1.26 or later (https://go.dev/dl)', {
        cause: error,
      });
    assert.equal(status, 0, stderr);
    return stdout;
  }

  it('reads all events, with their times or bytes, frames, lines and threads', async () => {
    const profile = read('shop-regression');
    for (const [event, types] of [
      ['cpu', 'samples/count cpu/nanoseconds'],
      ['wall', 'samples/count wall/nanoseconds'],
      ['alloc', 'alloc_samples/count alloc_space/bytes'],
      ['lock', 'contentions/count delay/nanoseconds'],
    ] as const) {
      const raw = await pprof(profile, event, '-raw');
      assert.ok(raw.includes(`Samples:\n${types}`), raw.slice(0, 400));
      const rows = [...raw.matchAll(/^ +(\d+) +(\d+): [\d ]+$/gm)];
      const { count, value } = profile.events[event]!.samples;
      assert.equal(sum(rows.map((row) => Number(row[1]))), sum(count), event);
      assert.equal(sum(rows.map((row) => Number(row[2]))), sum(value), event);
      assert.match(raw, /thread:\[request-\d+\]/);
    }
    const raw = await pprof(profile, 'cpu', '-raw');
    assert.match(raw, /^Duration: 10/m);
    assert.match(raw, /^PeriodType: cpu nanoseconds\nPeriod: 10000000$/m);
    assert.match(raw, /^ *\d+: 0x0 M=1 shop\.Shop\$RuleSet\.scan :\d+:0 s=0|shop\.Shop\$RuleSet\.scan/m);
  });

  it('finds the same widest method as flamepin, in seconds', async () => {
    const top = await pprof(read('shop-regression'), 'cpu', '-top', '-cum', '-nodecount=40');
    assert.match(top, /^Type: cpu$/m);
    assert.match(top, /\d\.\d+s +\d+\.\d+% +shop\.Shop\$RuleSet\.\w+$/m);
  });

  it('gets samples alone where nothing says what one stands for', async () => {
    const profile = read('jdk-17');
    const raw = await pprof(profile, 'cpu', '-raw');
    assert.match(raw, /^Samples:\nsamples\/count\[dflt\]\n/m);
    const rows = [...raw.matchAll(/^ +(\d+): [\d ]+$/gm)];
    assert.equal(sum(rows.map((row) => Number(row[1]))), sum(profile.events.cpu!.samples.count));
  });
});
