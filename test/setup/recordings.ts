import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { start, waitFor } from './process.ts';
import { cacheDirectory } from './cache.ts';

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A secret that stands in the JVM's arguments and its environment: it must be nowhere once a recording is masked. */
export const plantedSecret = 'hunter2-planted';

/** One way to record the shop. Without `asprof` the JDK's own recorder does it. */
interface Way {
  name: string;
  asprof?: readonly string[];
  seconds: number;
  /** Which of the JDKs that were found, by age: each, or the oldest or newest. */
  jdks: 'each' | 'oldest' | 'newest';
  /** Options of its JVM. */
  jvm?: readonly string[];
  /** Settings of the JDK's own recorder, each with a comma before it. */
  flight?: string;
}

const ways: readonly Way[] = [
  {
    name: 'as flamepin records',
    asprof: ['-e', 'ctimer', '--wall', '50ms', '--alloc', '512k', '--lock', '1ms'],
    seconds: 5,
    jdks: 'each',
  },
  { name: 'with all events', asprof: ['--all'], seconds: 5, jdks: 'each' },
  {
    name: 'every millisecond',
    asprof: ['-e', 'itimer', '-i', '1ms', '--alloc', '32k'],
    seconds: 5,
    jdks: 'oldest',
  },
  { name: 'cpu alone', asprof: ['-e', 'ctimer', '--cstack', 'fp'], seconds: 3, jdks: 'newest' },
  { name: 'wall alone', asprof: ['-e', 'wall', '-i', '20ms'], seconds: 3, jdks: 'newest' },
  { name: 'live objects', asprof: ['-e', 'ctimer', '--alloc', '64k', '--live'], seconds: 4, jdks: 'newest' },
  {
    name: 'native memory and locks',
    asprof: ['-e', 'ctimer', '--nativemem', '1', '--nativelock', '1'],
    seconds: 3,
    jdks: 'oldest',
  },
  {
    name: 'in several chunks',
    // async-profiler begins a new chunk after five seconds at the earliest, whatever is asked for.
    asprof: ['-e', 'ctimer', '--wall', '50ms', '--alloc', '512k', '--lock', '1ms', '--chunktime', '5s'],
    seconds: 7,
    jdks: 'newest',
  },
  {
    name: 'with a heap nearly full',
    asprof: ['-e', 'ctimer', '--wall', '50ms', '--alloc', '512k', '--lock', '1ms'],
    seconds: 5,
    jdks: 'each',
    jvm: ['-XX:+UseParallelGC', '-Dshop.live=50'],
  },
  {
    name: "by the JDK's recorder with samples of CPU time",
    flight: ',jdk.CPUTimeSample#enabled=true',
    seconds: 4,
    jdks: 'newest',
  },
  { name: "by the JDK's recorder", seconds: 4, jdks: 'each' },
];

export interface Recording {
  name: string;
  path: string;
  bytes: Buffer;
}

interface Jdk {
  java: string;
  version: string;
  major: number;
}

/**
 * Records the shop in every way with the JDKs of this machine, several at once. Recordings are kept in the cache by
 * what they are made from, so that only the first run takes its half minute.
 */
export async function makeRecordings(): Promise<Recording[]> {
  const jdks = await findJdks();
  const classes = await compile(jdks[0]!, 'shop/Shop.java', []);
  const { stdout } = await run(
    'sh',
    [here('../../src/profiler/async-profiler.sh'), `linux-${process.arch}`],
    {
      timeout: 180_000,
    },
  );
  const profiler = stdout.trim();
  const jobs = ways.flatMap((way) => {
    const chosen = way.jdks === 'each' ? jdks : [way.jdks === 'oldest' ? jdks[0]! : jdks.at(-1)!];
    return chosen.map((jdk) => ({ way, jdk }));
  });
  const recordings: Recording[] = [];
  const next = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { way, jdk } = job;
      const path = await record(way, jdk, classes, profiler);
      recordings.push({ name: `${way.name}, JDK ${jdk.major}`, path, bytes: await readFile(path) });
    }
  };
  await Promise.all([next(), next(), next(), next()]);
  return recordings.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Writes what async-profiler's converter makes of each recording, for each event, beside it; kept as well. */
export async function convert(recordings: readonly Recording[], events: readonly string[]): Promise<void> {
  const missing = recordings.filter(({ path }) =>
    events.some((event) => !existsSync(convertedPath(path, event))),
  );
  if (missing.length === 0) return;
  const { stdout } = await run('sh', [here('jfrconv.sh')], { timeout: 180_000 });
  const jar = stdout.trim();
  const jdk = (await findJdks())[0]!;
  const classes = await compile(jdk, 'convert/ConvertAll.java', ['-cp', jar]);
  const paths = missing.map(({ path }) => path);
  await run(jdk.java, ['-cp', `${jar}:${classes}`, 'convert.ConvertAll', events.join(','), ...paths], {
    timeout: 120_000,
  });
}

/** Where `convert` leaves the converter's lines. */
export function convertedPath(recording: string, event: string): string {
  return `${recording}.${event}.collapsed`;
}

async function record(way: Way, jdk: Jdk, classes: string, profiler: string): Promise<string> {
  const key = sha256(JSON.stringify([way, jdk.version, classes, profiler, plantedSecret, 1]));
  const path = join(cacheDirectory, 'recordings', `${key}.jfr`);
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'flamepin-recording-'));
  const making = join(scratch, 'making.jfr');
  const native =
    way.asprof === undefined
      ? [`-XX:StartFlightRecording=filename=${making},settings=profile${way.flight ?? ''}`]
      : [];
  const seconds = String(way.seconds + 2);
  const shop = start(
    jdk.java,
    [
      '-Xmx96m',
      ...(way.jvm ?? []),
      ...native,
      `-Dshop.password=${plantedSecret}`,
      '-cp',
      classes,
      'shop.Shop',
      'regression',
      seconds,
      '200',
      plantedSecret,
    ],
    { env: { PATH: process.env.PATH, SHOP_TOKEN: plantedSecret } },
  );
  try {
    await waitFor(
      'the shop',
      30_000,
      () => shop.output().includes('ready ') || undefined,
      () => shop.output(),
    );
    if (way.asprof !== undefined) {
      const library = join(profiler, 'libasyncProfiler.so');
      const asked = [
        'start',
        '--libpath',
        library,
        '--timeout',
        String(way.seconds),
        ...way.asprof,
        '-o',
        'jfr',
      ];
      await run(join(profiler, 'asprof'), [...asked, '-f', making, String(shop.process.pid)], {
        timeout: 30_000,
      });
    }
    await waitFor(
      'its end',
      60_000,
      () => shop.process.exitCode ?? undefined,
      () => shop.output(),
    );
    await writeFile(`${path}.new`, await readFile(making));
    await rename(`${path}.new`, path);
    return path;
  } finally {
    await shop.stop('SIGKILL');
    await rm(scratch, { recursive: true, force: true });
  }
}

/** JDKs from 17 on, the oldest first: JAVA_HOME, `java` on PATH, and those in the usual directory. */
export async function findJdks(): Promise<Jdk[]> {
  const homes = [
    process.env.JAVA_HOME,
    ...(await readdir('/usr/lib/jvm').catch(() => [])).map((one) => `/usr/lib/jvm/${one}`),
  ];
  const programs = [
    ...homes.map((home) => join(home ?? '', 'bin/java')),
    ...(process.env.PATH ?? '').split(':').map((one) => join(one, 'java')),
  ];
  const found = new Map<string, Jdk>();
  for (const program of programs) {
    const java = await realpath(program).catch(() => null);
    if (java === null || !existsSync(join(dirname(java), 'javac')) || found.has(java)) continue;
    const { stderr } = await run(java, ['-version'], { timeout: 30_000 });
    const major = Number(/version "(\d+)/.exec(stderr)?.[1]);
    if (major >= 17) found.set(java, { java, version: stderr, major });
  }
  const jdks = [...found.values()].sort((a, b) => a.major - b.major);
  if (jdks.length === 0)
    throw new Error('There is no JDK 17 or later here. Install one: apt-get install openjdk-17-jdk-headless');
  return jdks;
}

/** Classes of a program of test/java, compiled with lines; kept in the cache. */
export async function compile(jdk: Jdk, source: string, options: readonly string[]): Promise<string> {
  const path = here(`../java/${source}`);
  const directory = join(
    cacheDirectory,
    'test-classes',
    sha256((await readFile(path, 'utf8')) + jdk.version),
  );
  if (existsSync(directory)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  const scratch = await mkdtemp(`${directory}.new`);
  await run(join(dirname(jdk.java), 'javac'), ['-g', '--release', '17', ...options, '-d', scratch, path], {
    timeout: 60_000,
  });
  await rename(scratch, directory).catch(() => rm(scratch, { recursive: true, force: true }));
  return directory;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
