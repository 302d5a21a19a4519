import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { hostTargets } from '../../src/targets/host/host.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { compileBurner, jre, startBurner, withoutSymbols } from '../setup/jvm.ts';
import { start, waitFor, type Started } from '../setup/process.ts';
import { failsWith, ours, profiler } from './profiler-session.ts';

const { signal } = new AbortController();

describe('what runs Java without being a HotSpot of JDK 8 or later is refused by its name', () => {
  let burner: ReturnType<typeof compileBurner>;
  const started: Started[] = [];
  before(() => {
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });

  /** Refused as a target of this host, where it is found, and by the script in a target; it lives on untouched. */
  const refuses = async (program: Started, detail: RegExp): Promise<void> => {
    const pid = program.process.pid ?? 0;
    const request = { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid };
    const byScript = await failsWith('jvm-unsupported', profiler().start(hostExec(), request, signal));
    assert.match(byScript.detail, detail);
    assert.deepEqual(ours(pid), []);
    assert.equal(program.process.exitCode, null);
    assert.doesNotMatch(readFileSync(`/proc/${pid}/maps`, 'utf8'), /flamepin-jvm/);
  };
  const refusesToFind = async (pid: number, detail: RegExp): Promise<void> => {
    const resolved = hostTargets({ names: [], unitLabels: [] }).resolve(
      { labels: {}, startsAt: '2026-01-01T00:00:00Z', generatorUrl: '', uri: `host://${pid}` },
      signal,
    );
    assert.match((await failsWith('jvm-unsupported', resolved)).detail, detail);
  };

  it('a native image of GraalVM', async () => {
    const script = join(import.meta.dirname, '../setup/native-image.sh');
    const program = execFileSync('sh', [script, cacheDirectory], { encoding: 'utf8' }).trim();
    // It waits for the end of its stdin, and the shell for its own.
    const image = start('sh', ['-c', 'sleep 60 | exec "$0"', program]);
    started.push(image);
    const shell = image.process.pid ?? 0;
    const pid = await waitFor('its threads', 20_000, () => {
      const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ');
      return children.find(
        (child) =>
          child !== '' &&
          readFileSync(`/proc/${child}/comm`, 'utf8') === 'compiler\n' &&
          readFileSync(`/proc/${child}/status`, 'utf8').includes('Threads:\t4'),
      );
    });
    await refuses(
      { ...image, process: Object.assign(image.process, { pid: Number(pid) }) },
      /^process \d+ is a native image of GraalVM/,
    );
    await refusesToFind(Number(pid), /^process \d+ is a native image of GraalVM/);
    process.kill(Number(pid), 'SIGKILL');
  });

  it('OpenJ9', async () => {
    // There is no OpenJ9 to be had: what a process of it shows to others is its name and its library.
    const directory = mkdtempSync(join(tmpdir(), 'openj9-'));
    try {
      const library = join(directory, 'libj9vm29.so');
      const any = /\S+\/libm\.so\S*/.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0] ?? '';
      cpSync(any, library);
      symlinkSync('/bin/sleep', join(directory, 'java'));
      const fake = start(join(directory, 'java'), ['60'], { env: { ...process.env, LD_PRELOAD: library } });
      started.push(fake);
      await waitFor(
        'the mapping',
        20_000,
        () => readFileSync(`/proc/${fake.process.pid}/maps`, 'utf8').includes(library) || undefined,
      );
      await refuses(fake, /^process \d+ runs OpenJ9: libj9vm29\.so is mapped$/);
      await refusesToFind(fake.process.pid ?? 0, /^process \d+ runs OpenJ9: libj9vm29\.so is mapped$/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('a JVM older than 8', async () => {
    // Nor a JDK 7: a JDK 8 whose release file says so is as far as flamepin looks.
    const old = withoutSymbols(jre('8'));
    try {
      mkdirSync(old.jdk.home, { recursive: true });
      const release = join(old.jdk.home, 'release');
      writeFileSync(release, readFileSync(release, 'utf8').replace(/"1\.8\.0_\d+"/, '"1.7.0_80"'));
      const jvm = await startBurner(burner.classes, { jdk: old.jdk });
      started.push(jvm);
      await refuses(jvm, /^process \d+ runs JDK "1\.7\.0_80"$/);
      assert.doesNotMatch(jvm.output(), /Full thread dump/);
    } finally {
      old.remove();
    }
  });
});
