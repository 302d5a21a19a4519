import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { compileDemoService, startDemoService } from '../../demo/service.ts';
import { findJdks } from '../setup/recordings.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { asprofDirectory } from './windows.ts';

const run = promisify(execFile);
const demo = join(import.meta.dirname, '../../demo/java');

/** Requests per second and rules per cart: with them a minute gives 1 to 2 MB. */
const load = 150;
const work = 400;
const seconds = 60;
/** Long enough for most methods to be compiled; later changes of the machine's load are in the recording anyway. */
const warmUpMs = 15_000;
/** As flamepin asks for it. */
const events = ['-e', 'ctimer', '--wall', '50ms', '--alloc', '512k', '--lock', '1ms', '--chunktime', '5s'];

/**
 * A minute of the demo service under load, recorded as flamepin records. Kept in the cache by what it is made from,
 * so that only the first run takes its minute and a half, and every benchmark reads the same bytes.
 */
export async function demoRecording(): Promise<string> {
  const { java, version } = (await findJdks())[0]!;
  const made = JSON.stringify([await sourceHash(), version, load, work, seconds, warmUpMs, events]);
  const key = createHash('sha256').update(made).digest('hex').slice(0, 32);
  const path = join(cacheDirectory, 'bench', `${key}.jfr`);
  if (existsSync(path)) return path;
  process.stderr.write(`recording the demo service for ${seconds} s, once …\n`);
  await mkdir(join(cacheDirectory, 'bench'), { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(scratch, { recursive: true, force: true }));
  const service = await startDemoService(await compileDemoService(join(scratch, 'classes')), {
    java,
    load,
    work,
    jvmArguments: ['-Xmx96m'],
  });
  cleanup.defer(() => service.stop());
  await sleep(warmUpMs);
  const profiler = await asprofDirectory();
  const file = join(scratch, 'demo.jfr');
  const library = join(profiler, 'libasyncProfiler.so');
  const where = ['-o', 'jfr', '-f', file, '--libpath', library, String(service.pid)];
  await run(join(profiler, 'asprof'), ['start', ...events, '--timeout', String(seconds), ...where], {
    timeout: 30_000,
  });
  await sleep(seconds * 1000 + 2_000);
  await rename(file, path).catch(async () => {
    await run('cp', [file, `${path}.new`]);
    await rename(`${path}.new`, path);
  });
  return path;
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256');
  const names = await readdir(demo, { recursive: true });
  for (const name of names.filter((one) => one.endsWith('.java')).sort())
    hash.update(name).update(await readFile(join(demo, name)));
  return hash.digest('hex');
}
