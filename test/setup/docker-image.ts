import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loaderVersion } from '../../src/profiler/pinned.ts';
import { cacheDirectory } from './cache.ts';

const root = join(import.meta.dirname, '../..');
const script = join(import.meta.dirname, 'flamepin-image.sh');
const inputs = [
  ...['package.json', 'package-lock.json', 'LICENSE', 'build.ts', 'tsconfig.json', 'tsconfig.build.json'],
  ...['deploy/Dockerfile', 'deploy/async-profiler.sh'],
];
const buildMs = 900_000;

/**
 * flamepin's image as `docker build` makes it of deploy/Dockerfile, for `docker load`. Kept in the cache by what it is
 * made of, the last one only: it is large.
 * @returns the archive, and the image's name
 */
export async function builtImage(): Promise<{ archive: string; name: string }> {
  const images = join(cacheDirectory, 'images');
  const file = `docker-${contentKey()}.tar`;
  const archive = join(images, file);
  if (!existsSync(archive)) {
    mkdirSync(images, { recursive: true });
    for (const old of readdirSync(images)) if (/^docker-[0-9a-f]+\.tar/.test(old)) rmSync(join(images, old));
    const profiler = execFileSync(
      'sh',
      [join(root, 'deploy/async-profiler.sh'), join(cacheDirectory, 'ap-loader', loaderVersion)],
      { encoding: 'utf8' },
    ).trim();
    await promisify(execFile)('sh', [script, archive, process.execPath, profiler, images], {
      timeout: buildMs,
      maxBuffer: 16 * 1024 * 1024,
    });
  }
  return { archive, name: 'flamepin:local' };
}

function contentKey(): string {
  const hash = createHash('sha256').update(process.version);
  const files = ['src', 'bin'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort(),
  );
  for (const path of [script, ...inputs.map((input) => join(root, input)), ...files])
    hash.update(path.slice(root.length)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}
