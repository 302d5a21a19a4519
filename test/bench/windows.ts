import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startDemoService, type DemoFault } from '../../demo/service.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { unpackRecording } from '../../src/profile/reading/unpack-recording.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { cacheDirectory } from '../setup/cache.ts';

const run = promisify(execFile);

/** Requests per second and rules per cart: about 0.25 cores of one 2-core machine, 375 samples in 15 s. */
const load = 100;
const work = 400;
/** A JVM compiles most of what it runs within this; before, windows of the same load do differ. */
const warmUpSeconds = 40;
/** After a fault is thrown, until requests of before are gone. */
const settleSeconds = 1;

/** What is done to the service in one window; `strength` as in the demo's Switches. */
export interface Treatment {
  name: string;
  fault: DemoFault | null;
  /** Given the cores of the pair's first window. */
  strength: (baseCores: number) => number;
}

/** Demo services that record one window after the other. */
export async function startRecorder(
  classes: string,
  asprofDirectory: string,
  seconds: number,
): Promise<Recorder> {
  const service = await startDemoService(classes, { load, work, jvmArguments: ['-Xmx96m'] });
  const scratch = await mkdtemp(join(tmpdir(), 'flamepin-windows-'));
  const stop = async (): Promise<void> => {
    await service.stop();
    await rm(scratch, { recursive: true, force: true });
  };
  try {
    await wait(warmUpSeconds * 1000);
  } catch (error) {
    await stop();
    throw error;
  }
  const record = async (treatment: Treatment, baseCores: number): Promise<Profile> => {
    const { fault } = treatment;
    if (fault !== null) await service.switch(fault, true, treatment.strength(baseCores));
    await wait(settleSeconds * 1000);
    const file = join(scratch, 'window.jfr');
    const options = [
      '-e',
      'ctimer',
      '--wall',
      '50ms',
      '--alloc',
      '512k',
      '--lock',
      '1ms',
      '-o',
      'jfr',
      '-f',
      file,
    ];
    const library = join(asprofDirectory, 'libasyncProfiler.so');
    await run(
      join(asprofDirectory, 'asprof'),
      ['start', ...options, '--timeout', String(seconds), '--libpath', library, String(service.pid)],
      { timeout: 30_000 },
    );
    await wait(seconds * 1000 + 1000);
    if (fault !== null) await service.switch(fault, false);
    const profile = readProfile(unpackRecording(await readFile(file), 64 * 1024 ** 2));
    await rm(file);
    await wait(settleSeconds * 1000);
    return profile;
  };
  return { record, stop };
}

export interface Recorder {
  /** Records one window under the treatment, which is undone afterwards. */
  record(treatment: Treatment, baseCores: number): Promise<Profile>;
  stop(): Promise<void>;
}

/** Where asprof and its library are; obtained on first use, as `flamepin` does. */
export async function asprofDirectory(): Promise<string> {
  const script = join(import.meta.dirname, '../../src/profiler/async-profiler.sh');
  const architecture = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';
  const { stdout } = await run('env', [`FLAMEPIN_CACHE=${cacheDirectory}`, 'sh', script, architecture], {
    timeout: 180_000,
  });
  return stdout.trim();
}
