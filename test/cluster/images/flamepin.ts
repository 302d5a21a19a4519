import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { builtPackage } from '../../setup/built-package.ts';
import { Image, type ImageConfig } from './image.ts';
import { cacheDirectory } from '../../setup/cache.ts';
import { loaderVersion } from '../../../src/profiler/pinned.ts';

/**
 * flamepin's own image without an image builder: the last stage of deploy/Dockerfile, instruction for instruction, on
 * a base that holds nothing but this machine's Node and its libraries. An instruction that is not known here is
 * refused, so the Dockerfile cannot grow past what is tested. Kept in the cache by its content.
 * @returns the archive, for `ctr images import`, and the image's name
 */
export async function flamepinImage(): Promise<{ archive: string; name: string }> {
  const name = 'localhost/flamepin:1';
  const [node, bin] = await builtPackage();
  const built = dirname(dirname(bin));
  const archive = join(cacheDirectory, 'images', `flamepin-${contentKey(built)}.tar`);
  if (existsSync(archive)) return { archive, name };
  const work = mkdtempSync(join(tmpdir(), 'flamepin-image-'));
  try {
    const stages = { 'async-profiler': profilers(), build: built, packages: packages(work) };
    mkdirSync(dirname(archive), { recursive: true });
    writeFileSync(archive, assemble(node, stages).archive(name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return { archive, name };
}

type Stages = Readonly<Record<'async-profiler' | 'build' | 'packages', string>>;

const root = join(import.meta.dirname, '..', '..', '..');
const dockerfile = join(root, 'deploy', 'Dockerfile');

/** Where the stages of the Dockerfile put what the last one copies. */
const stagePaths: Readonly<Record<string, { stage: keyof Stages; path: string }>> = {
  '/opt/flamepin': { stage: 'async-profiler', path: '.' },
  '/app/node_modules': { stage: 'packages', path: 'node_modules' },
  '/build/dist': { stage: 'build', path: 'dist' },
};

function assemble(node: string, stages: Stages): { archive(name: string): Buffer } {
  const image = new Image();
  image.mountPoints();
  image.file('/usr/local/bin/node', realpathSync(node));
  image.libraries(realpathSync(node));
  const config: ImageConfig = { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] };
  for (const [word, rest] of lastStage()) apply(word, rest);
  return { archive: (name) => image.archive(name, config) };

  function apply(word: string, rest: string): void {
    switch (word) {
      case 'ENV':
        config.Env?.push(rest);
        return;
      case 'WORKDIR':
        config.WorkingDir = rest;
        return;
      case 'USER':
        config.User = rest;
        return;
      case 'ENTRYPOINT':
        config.Entrypoint = JSON.parse(rest) as string[];
        return;
      case 'CMD':
        config.Cmd = JSON.parse(rest) as string[];
        return;
      case 'COPY':
        copy(rest.split(/\s+/));
        return;
      case 'RUN': {
        // The OpenSSH client: pods are reached without it, and test/e2e/compose.test.ts builds the whole image.
        if (rest.startsWith('apt-get update && ')) return;
        // What it makes is where the volume is mounted, with these rights or the volume's own.
        const [, path = '', user, mode = ''] =
          /^mkdir -p (\S+) && chown (65532:0) \1 && chmod (\d+) \1$/.exec(rest) ?? [];
        if (user === undefined) break;
        image.directory(path, Number.parseInt(mode, 8));
        return;
      }
      case 'EXPOSE':
        return;
    }
    throw new Error(`${dockerfile}: teach this test's image what "${word} ${rest}" means`);
  }

  function copy(words: string[]): void {
    const from =
      words[0]?.startsWith('--from=') === true ? words.shift()?.slice('--from='.length) : undefined;
    const to = words.pop() ?? '';
    for (const source of words) {
      const staged = stagePaths[source];
      if (from !== undefined && staged?.stage !== from)
        throw new Error(`unknown COPY --from=${from} ${source}`);
      const path = staged === undefined ? join(root, source) : join(stages[staged.stage], staged.path);
      const target = resolve(config.WorkingDir ?? '/', to.endsWith('/') ? join(to, source) : to);
      if (statSync(path).isDirectory()) image.tree(target, path);
      else image.file(target, path);
    }
  }
}

/** The environment that the image gives flamepin. */
export function imageEnvironment(): Record<string, string> {
  const lines = lastStage().filter(([word]) => word === 'ENV');
  return Object.fromEntries(lines.map(([, rest]) => rest.split(/=(.*)/).slice(0, 2) as [string, string]));
}

/** The instructions after the last FROM, in order. */
function lastStage(): [word: string, rest: string][] {
  const text = readFileSync(dockerfile, 'utf8').replaceAll(/\\\n\s*/g, '');
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const begin = lines.findLastIndex((line) => line.startsWith('FROM '));
  if (!lines[begin]?.endsWith(' AS flamepin'))
    throw new Error(`${dockerfile}: its last stage is not flamepin`);
  return lines.slice(begin + 1).map((line) => {
    const [, word = '', rest = ''] = /^(\w+)\s+(.+)$/.exec(line) ?? [];
    return [word, rest.trim()];
  });
}

function profilers(): string {
  const script = join(root, 'deploy', 'async-profiler.sh');
  return execFileSync('sh', [script, join(cacheDirectory, 'ap-loader', loaderVersion)], {
    encoding: 'utf8',
  }).trim();
}

/** As the stage `packages` installs them. */
function packages(work: string): string {
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(work, file));
  execFileSync('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return work;
}

function contentKey(built: string): string {
  const hash = createHash('sha256').update(built).update(process.version);
  const own = ['flamepin.ts', 'image.ts', 'tar.ts'].map((name) => join(import.meta.dirname, name));
  const parts = ['package-lock.json', 'LICENSE', 'src/profiler/async-profiler.sha256'];
  for (const file of [dockerfile, ...own, ...parts.map((part) => join(root, part))])
    hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}
