import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  chmodSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { start, waitFor, type Started } from './process.ts';

/** A JDK of this machine. */
export interface Jdk {
  home: string;
  release: number;
  /** glibc where it is not said. */
  libc?: 'musl';
}

/** `17`, `17 on musl` */
export function jdkName({ release, libc }: Jdk): string {
  return libc === undefined ? String(release) : `${release} on ${libc}`;
}

/** Every JDK from 17 on that PATH or /usr/lib/jvm knows, each once, oldest first. Fails when there is none. */
export function jdks(): Jdk[] {
  const installed = existsSync('/usr/lib/jvm')
    ? readdirSync('/usr/lib/jvm').map((name) => join('/usr/lib/jvm', name))
    : [];
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'javac'))
    .filter((file) => existsSync(file))
    .map((file) => join(realpathSync(file), '../..'));
  const homes = new Set(
    [...onPath, ...installed]
      .filter((home) => existsSync(join(home, 'bin/javac')))
      .map((home) => realpathSync(home)),
  );
  const found = [...homes]
    .map((home) => {
      const text = existsSync(join(home, 'release')) ? readFileSync(join(home, 'release'), 'utf8') : '';
      return { home, release: Number(/JAVA_VERSION="(?:1\.)?(\d+)/.exec(text)?.[1] ?? 0) };
    })
    .filter(({ release }) => release >= 17)
    .sort((left, right) => left.release - right.release);
  assert.ok(
    found.length > 0,
    'these tests need a JDK 17 or later: put its javac on PATH or install openjdk-17-jdk-headless',
  );
  return found;
}

/** Java runtimes of further releases, without compilers, each from the cache or PyPI. */
export function otherJres(): Jdk[] {
  return (['8', '11', '21'] as const).map(jre);
}

/** One Java runtime of PyPI; 8u212 is the one whose threads have no names. */
export function jre(version: '8' | '8u212' | '11' | '21' | '25'): Jdk {
  const script = join(import.meta.dirname, 'jre.sh');
  const home = execFileSync('sh', [script, cacheDirectory, version], { encoding: 'utf8' });
  return { home: home.trim(), release: Number.parseInt(version) };
}

/** A Java runtime for musl, as images on Alpine have it. It runs here by the loader of Debian's package musl. */
export function muslJre(): Jdk {
  execFileSync('sh', [join(import.meta.dirname, 'debian.sh'), 'musl-tools']);
  const script = join(import.meta.dirname, 'musl-jre.sh');
  const home = execFileSync('sh', [script, cacheDirectory], { encoding: 'utf8' });
  return { home: home.trim(), release: 17, libc: 'musl' };
}

/** A copy of a runtime as distributions ship it: the symbols of its libjvm.so are in a package of their own. */
export function withoutSymbols(jdk: Jdk): { jdk: Jdk; remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), 'jre-without-symbols-'));
  chmodSync(home, 0o755);
  cpSync(jdk.home, home, { recursive: true });
  for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('/libjvm.so')) execFileSync('strip', ['-s', join(home, name)]);
  }
  return {
    jdk: { ...jdk, home },
    remove: () => {
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Compiles a program of test/java into a directory that every user may read; remove it with `remove`. */
export function compileProgram(program: 'Burner' | 'Hoarder' | 'Churner'): {
  classes: string;
  remove: () => void;
} {
  const [jdk] = jdks();
  const folder = program.toLowerCase();
  const classes = mkdtempSync(join(tmpdir(), `${folder}-`));
  chmodSync(classes, 0o755);
  const source = join(import.meta.dirname, '../java', folder, `${program}.java`);
  // For the oldest JVM that is profiled; later compilers call it obsolete.
  const options = ['--release', '8', '-Xlint:-options', '-d', classes];
  execFileSync(join(jdk?.home ?? '', 'bin/javac'), [...options, source]);
  return {
    classes,
    remove: () => {
      rmSync(classes, { recursive: true, force: true });
    },
  };
}

export const compileBurner = () => compileProgram('Burner');

/** A JVM of a test. */
export interface Jvm extends Started {
  pid: number;
}

export interface JvmOptions {
  jdk?: Jdk;
  /** Another program than Burner, in the same classes. */
  program?: 'Hoarder' | 'Churner';
  /** Flags of the JVM. */
  flags?: string[];
  /** Arguments of the program. */
  args?: string[];
  /** What runs the JVM by exec, so that the pid stays: `setpriv …`, `unshare -m sh -c …`. */
  prefix?: string[];
  env?: NodeJS.ProcessEnv;
}

/** Starts a Burner and waits until it is up. */
export async function startBurner(classes: string, options: JvmOptions = {}): Promise<Jvm> {
  const jdk = options.jdk ?? jdks()[0];
  const java = join(jdk?.home ?? '', 'bin/java');
  const [command = '', ...args] = [
    ...(options.prefix ?? []),
    java,
    '-Xmx32m',
    ...(options.flags ?? []),
    '-cp',
    classes,
    options.program ?? 'Burner',
    ...(options.args ?? []),
  ];
  const started = start(command, args, { env: { ...process.env, ...options.env } });
  await waitFor(
    'a JVM that is up',
    20_000,
    () => (started.output().includes('ready') ? true : undefined),
    () => started.output(),
  );
  const pid = started.process.pid ?? 0;
  return {
    process: started.process,
    pid,
    output: () => started.output(),
    stop: async (signal) => {
      const within = innerSockets(pid);
      await started.stop(signal);
      // A JVM that is killed leaves its attach socket behind.
      for (const path of [`/tmp/.java_pid${pid}`, ...within]) rmSync(path, { force: true });
    },
  };
}

/** Attach sockets of JVMs in a PID namespace of their own, where they share our /tmp: `/tmp/.java_pid1`. */
function innerSockets(parent: number): string[] {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const children = read(`/proc/${parent}/task/${parent}/children`).split(' ').filter(Boolean);
  return children.flatMap((child) => {
    const inner = /^NSpid:\s+\d+\s+(?:\d+\s+)*(\d+)$/m.exec(read(`/proc/${child}/status`))?.[1];
    const path = `/tmp/.java_pid${inner}`;
    const theirs = statSync(`/proc/${child}/root${path}`, { throwIfNoEntry: false })?.ino;
    return theirs !== undefined && theirs === statSync(path, { throwIfNoEntry: false })?.ino ? [path] : [];
  });
}
