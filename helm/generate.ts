import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { loaderVersion } from '../src/profiler/pinned.ts';
import { chartFiles } from './chart-files.ts';
import { manifests } from './manifests.ts';
import { sshCommands } from './ssh-commands.ts';

/** Writes the chart's files that are made from others, the list for forced commands of SSH keys, then the plain manifests. test/contract/helm.test.ts checks both. */
const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const cache = process.env['FLAMEPIN_CACHE'] ?? join(homedir(), '.cache', 'flamepin');

const profiler = await run('sh', [
  join(root, 'deploy', 'async-profiler.sh'),
  join(cache, 'ap-loader', loaderVersion),
]);
await write(import.meta.dirname, await chartFiles(profiler.stdout.trim()));
await write(join(root, 'deploy', 'ssh'), await sshCommands(profiler.stdout.trim()));
const helm = await run('sh', [join(root, 'test', 'setup', 'helm.sh')]);
await write(join(root, 'deploy', 'kubernetes'), await manifests(helm.stdout.trim()));

async function write(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, text] of files) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
}
