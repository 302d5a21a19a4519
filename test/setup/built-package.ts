import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from './cache.ts';

const root = join(import.meta.dirname, '../..');
const parts = ['src', 'bin', 'build.ts', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];

/**
 * flamepin as it is published: built by the project's own build, without its TypeScript. What people run is
 * JavaScript, so that is what is measured. Kept in the cache by its source.
 * @returns the command to run it with, without arguments.
 */
export async function builtPackage(): Promise<readonly [node: string, bin: string]> {
  const builds = join(cacheDirectory, 'bench', 'packages');
  const home = join(builds, await sourceHash());
  const command = [process.execPath, join(home, 'bin/flamepin.js')] as const;
  if (existsSync(home)) return command;
  process.stderr.write('building flamepin …\n');
  await mkdir(builds, { recursive: true });
  const fresh = await mkdtemp(join(builds, 'new-'));
  try {
    for (const part of parts) await cp(join(root, part), join(fresh, part), { recursive: true });
    await symlink(join(root, 'node_modules'), join(fresh, 'node_modules'));
    await promisify(execFile)(process.execPath, ['build.ts'], { cwd: fresh, timeout: 300_000 });
    await rm(join(fresh, 'src'), { recursive: true });
    await rename(fresh, home);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return command;
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) {
    const files = part.includes('.')
      ? [part]
      : (await readdir(join(root, part), { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
          .sort();
    for (const file of files) hash.update(file).update(await readFile(join(root, file)));
  }
  return hash.digest('hex').slice(0, 32);
}
