import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { filesystemStore } from '../../src/stores/filesystem.ts';
import { artifactKey } from '../../src/artifacts/keys.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Ledger } from '../../src/captures/ledger.ts';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import { capturing } from '../given/capture.ts';
import { seedCapture } from '../given/seed-capture.ts';
import { seedCaptures, type SeededPaths } from './seeded-pages.ts';

/**
 * `flamepin serve` over a ledger with captures of all states. It can profile nothing: it has no profiler, and sees no
 * process of this machine.
 */
export interface SeededServe {
  flamepin: RunningFlamepin;
  paths: SeededPaths;
  /** Of a capture whose flame graph the store does not take, however often it is tried. */
  waiting: string;
  token: string;
  /** Its configuration and secrets; gone after `stop`. */
  directory: string;
  /** Takes the store away; the promise brings it back. */
  loseStore(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** One token serves for all that wants one. @param captures how many are in the ledger */
export async function startSeededServe(captures: number): Promise<SeededServe> {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-seeded-'));
  const file = (name: string): string => join(directory, name);
  const token = 'the-token-of-this-test';
  await writeFile(file('token'), token);
  const ledger = openSqliteLedger({ path: file('ledger.db') });
  const store = filesystemStore({ directory: file('artifacts') });
  // First, for among the others is one whose harm blocks the workload.
  const waiting = await seedWaiting(ledger, file('artifacts'));
  const paths = await seedCaptures(ledger, store, captures);
  await ledger.close();
  const flamepin = await startFlamepin(
    directory,
    `server: {port: 0}
sources:
  alertmanager: {bearerTokenFile: ${file('token')}}
  grafana: {bearerTokenFile: ${file('token')}}
routes: [{matchers: [], target: {host: {process: "^a JVM that is not there$"}}}]
limits: {queue: 10000}
access: {recordingsTokenFile: ${file('token')}, capturesTokenFile: ${file('token')}}
profiler: {directory: ${file('token')}}
storage: {filesystem: {directory: ${file('artifacts')}}}
ledger: {sqlite: {path: ${file('ledger.db')}}}
`,
    process.env,
    ['sh', join(import.meta.dirname, 'among-no-others.sh')],
  );
  return {
    flamepin,
    paths,
    waiting,
    token,
    directory,
    async loseStore() {
      await rename(file('artifacts'), file('artifacts-away'));
      return () => rename(file('artifacts-away'), file('artifacts'));
    },
    async stop() {
      await flamepin.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What the store refuses: a file stands where the folder of the capture would have to be. */
async function seedWaiting(ledger: Ledger, artifacts: string): Promise<string> {
  const now = Date.now();
  const id = captureId(now);
  const key = artifactKey(id, 'flamegraph.svg');
  const folder = join(artifacts, dirname(key));
  await mkdir(dirname(folder), { recursive: true });
  await writeFile(folder, '');
  await seedCapture(ledger, { ...capturing({}, now), id });
  const owner = `seed ${id}`;
  await ledger.spool(id, owner, Buffer.from('a recording'), { state: 'storing' }, now);
  const made = {
    files: [
      {
        name: 'flamegraph.svg',
        event: null,
        body: Buffer.from('<svg/>'),
        contentType: 'image/svg+xml',
        contentEncoding: 'identity',
      },
    ],
    outcome: { state: 'done', reason: null, answer: null, partial: false },
  } as const;
  const storeRetry = { since: new Date(now).toISOString(), tries: 1, nextTryAt: new Date(now).toISOString() };
  await ledger.keepFiles(id, owner, { ...made, files: [...made.files] }, { storeRetry }, now);
  await ledger.release(id, owner, now);
  return `/captures/${id}`;
}
