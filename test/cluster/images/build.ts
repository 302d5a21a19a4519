import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Image } from './image.ts';
import { javaHomes, type JavaHome } from './java-homes.ts';
import { cacheDirectory } from '../../setup/cache.ts';
import { profilerVersion } from '../../../src/profiler/pinned.ts';

/** Every image of the test cluster into one directory named by the content it is made from; prints its path. */

const root = join(import.meta.dirname, '..', '..', '..');
const profiler = join(
  cacheDirectory,
  'async-profiler',
  profilerVersion,
  process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64',
);
const sources = [join(root, 'demo', 'java'), join(import.meta.dirname, 'java')];
const modules = 'java.base,java.logging,java.management,jdk.httpserver,jdk.jfr,jdk.management';

const homes = javaHomes();
const key = contentKey();
const out = join(cacheDirectory, 'images', key);
if (!existsSync(join(out, 'complete'))) {
  const work = mkdtempSync(join(tmpdir(), 'flamepin-images-'));
  try {
    makeAll(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
process.stdout.write(`${out}\n`);

function makeAll(work: string): void {
  mkdirSync(out, { recursive: true });
  const save = (file: string, bytes: Buffer): void => {
    writeFileSync(join(out, `${file}.tar`), bytes);
  };
  const classes = compile(join(work, 'classes'));
  save('pause', pause());
  save('busybox', busyboxOnly());
  save('agent', agent());
  for (const [position, home] of homes.entries()) {
    const runtime = link(home, join(work, `runtime-${home.release}`));
    save(`shop-${home.release}`, shop(home, runtime, classes, 'busybox'));
    if (position > 0) continue;
    save('shop-noshell', shop(home, runtime, classes, 'none'));
    save('shop-dash', shop(home, runtime, classes, 'dash'));
  }
  writeFileSync(join(out, 'complete'), `${homes.map((home) => home.release).join('\n')}\n`);
}

function compile(directory: string): string {
  const files = sources.flatMap((source) =>
    readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.java'))
      .map((name) => join(source, name)),
  );
  const [home] = homes;
  if (home === undefined) throw new Error('no JDK');
  execFileSync(join(home.path, 'bin', 'javac'), ['-g', '--release', '17', '-d', directory, ...files]);
  return directory;
}

function link(home: JavaHome, directory: string): string {
  execFileSync(join(home.path, 'bin', 'jlink'), [
    ...['--add-modules', modules, '--no-header-files', '--no-man-pages', '--output', directory],
  ]);
  return directory;
}

/** What every image has: users 0 and 1000, the mount points, /tmp. */
function empty(): Image {
  const image = new Image();
  image.mountPoints();
  image.data('/etc/passwd', 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000:app:/tmp:/bin/sh\n');
  image.data('/etc/group', 'root:x:0:\napp:x:1000:\n');
  return image;
}

function addBusybox(image: Image): void {
  image.file('/bin/busybox', '/bin/busybox');
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const applet of applets) image.link(`/bin/${applet}`, 'busybox');
}

/** dash and GNU tools: the other kind of shell that images have. */
function addDash(image: Image): void {
  const names = [
    'sh',
    'cat',
    'chmod',
    'cp',
    'cut',
    'date',
    'dd',
    'env',
    'find',
    'grep',
    'gzip',
    'head',
    'id',
    'kill',
  ];
  names.push(
    'ls',
    'mkdir',
    'mktemp',
    'mv',
    'ps',
    'readlink',
    'rm',
    'rmdir',
    'sed',
    'sha256sum',
    'sleep',
    'sort',
  );
  names.push('stat', 'tail', 'tar', 'tr', 'true', 'uname', 'wc');
  for (const name of names) {
    const program =
      name === 'sh' ? '/bin/dash' : ['/bin', '/usr/bin'].map((d) => `${d}/${name}`).find(existsSync);
    if (program === undefined) continue;
    image.file(`/bin/${name}`, program);
    image.libraries(program);
  }
}

/** The sandbox of a pod. A version that sleeps is enough: the kubelet ends it with SIGKILL. */
function pause(): Buffer {
  const image = new Image();
  image.file('/bin/busybox', '/bin/busybox');
  return image.archive('localhost/pause:1', { Entrypoint: ['/bin/busybox', 'tail', '-f', '/dev/null'] });
}

function busyboxOnly(): Buffer {
  const image = empty();
  addBusybox(image);
  return image.archive('localhost/busybox:1', { Cmd: ['/bin/sleep', '1000000'], Env: ['PATH=/bin'] });
}

/** What the chart calls the agent image: async-profiler and a shell, for containers that have none. */
function agent(): Buffer {
  const image = empty();
  addBusybox(image);
  image.file('/opt/flamepin/asprof', join(profiler, 'asprof'));
  image.file('/opt/flamepin/libasyncProfiler.so', join(profiler, 'libasyncProfiler.so'));
  return image.archive('localhost/flamepin-agent:1', { Cmd: ['/bin/sleep', '900'], Env: ['PATH=/bin'] });
}

function shop(home: JavaHome, runtime: string, classes: string, shell: 'busybox' | 'dash' | 'none'): Buffer {
  const image = empty();
  image.tree('/opt/java', runtime, (name) => !name.startsWith('legal'));
  image.tree('/app', classes);
  const libraries = readdirSync(runtime, { recursive: true, encoding: 'utf8' }).filter((n) =>
    n.endsWith('.so'),
  );
  image.libraries(join(runtime, 'bin', 'java'), ...libraries.map((name) => join(runtime, name)));
  // A JVM does not need them itself, async-profiler's library does.
  image.libraries(join(profiler, 'libasyncProfiler.so'));
  if (shell === 'busybox') addBusybox(image);
  if (shell === 'dash') addDash(image);
  const tag = shell === 'busybox' ? String(home.release) : shell === 'none' ? 'noshell' : 'dash';
  return image.archive(`localhost/shop:${tag}`, {
    User: '1000:1000',
    Entrypoint: ['/opt/java/bin/java'],
    Cmd: ['-XX:+UseSerialGC', '-Xmx64m', '-cp', '/app', 'PodApplication'],
    Env: ['PATH=/opt/java/bin:/bin'],
  });
}

function contentKey(): string {
  const hash = createHash('sha256');
  for (const directory of [import.meta.dirname, ...sources, profiler])
    for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort())
      if (/\.(?:ts|sh|java|so)$|asprof$/.test(name))
        hash.update(name).update(readFileSync(join(directory, name)));
  for (const home of homes) hash.update(readFileSync(join(home.path, 'release')));
  hash.update(readFileSync('/bin/busybox')).update(process.version);
  return hash.digest('hex').slice(0, 16);
}
