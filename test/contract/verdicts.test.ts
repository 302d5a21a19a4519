import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { answer, type ProfileAnswer } from '../../src/profile/answer/summary.ts';
import type { ProfileEvent } from '../../src/profile/profile.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { asprofDirectory } from '../bench/windows.ts';
import { start, waitFor } from '../setup/process.ts';
import { compile, findJdks } from '../setup/recordings.ts';

const run = promisify(execFile);
const seconds = 4;

/** What the recorder can carry, on recordings that JVMs make here and now. */
describe('A verdict about a real recording', { timeout: 180_000 }, () => {
  let scratch: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'flamepin-verdicts-'));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  async function byTheJdk(source: string, program: readonly string[]): Promise<Buffer> {
    const jdk = (await findJdks())[0]!;
    const classes = await compile(jdk, source, []);
    const file = join(scratch, `${program.join('-')}.jfr`);
    const recorder = `-XX:StartFlightRecording=filename=${file},settings=profile`;
    await run(jdk.java, [recorder, '-cp', classes, ...program], { timeout: 60_000 });
    return readFile(file);
  }

  function say(recording: Buffer, event: ProfileEvent): ProfileAnswer {
    const profile = readProfile(recording);
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

  it('calls threads that contend for a monitor contention, and not the thread that awaits their pool', async () => {
    const { headline, lines } = say(
      await byTheJdk('waits/Waits.java', ['waits.Waits', 'pool', String(seconds)]),
      'lock',
    );
    assert.match(headline, /100%.*Waits\.holdMonitor/);
    assert.ok(lines.some((line) => line.startsWith('Waits for other things than a lock')));
    for (const sentence of [headline, ...lines]) assert.doesNotMatch(sentence, /awaitPool|Waits\.main/);
  });

  it('does not miss line numbers in a program of the default package', async () => {
    const { topFrames, lines } = say(await byTheJdk('bare/Bare.java', ['Bare', String(seconds)]), 'cpu');
    assert.equal(topFrames[0]?.name, 'Bare.burn');
    for (const line of lines) assert.doesNotMatch(line, /line numbers/);
  });

  it('sees a main thread that is stuck', async () => {
    const jdk = (await findJdks())[0]!;
    const classes = await compile(jdk, 'waits/Waits.java', []);
    const profiler = await asprofDirectory();
    const file = join(scratch, 'stuck.jfr');
    const program = start(jdk.java, ['-cp', classes, 'waits.Waits', 'stuck', '60']);
    try {
      await waitFor(
        'the program',
        30_000,
        () => program.output().includes('ready') || undefined,
        program.output,
      );
      const library = join(profiler, 'libasyncProfiler.so');
      const options = ['-d', String(seconds), '-e', 'ctimer', '--wall', '50ms', '-o', 'jfr', '-f', file];
      await run(join(profiler, 'asprof'), ['--libpath', library, ...options, String(program.process.pid)], {
        timeout: 60_000,
      });
      const { headline } = say(await readFile(file), 'wall');
      assert.match(headline, /(?:9\d|100)% .*Waits\.askBackend/);
    } finally {
      await program.stop();
    }
  });
});
