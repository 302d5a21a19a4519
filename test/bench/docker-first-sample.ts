import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startFlamepin } from '../../demo/flamepin.ts';
import { builtPackage } from '../setup/built-package.ts';
import { startEngine } from '../setup/docker-engine.ts';
import { compareFirstSamples, firstSampleMs } from './first-sample-rounds.ts';
import { askedPairs } from './measure.ts';
import { asprofDirectory } from './windows.ts';

/**
 * From the alert to a profiler that runs in a container of a real Docker engine: flamepin from the POST on, against the
 * runbook (`docker cp`, `docker exec`) as a script without human pauses. Cold: two new containers each round; warm: the
 * same ones again, when their windows are over. Both ends are the moment at which asprof returns in the container.
 */
const rounds = askedPairs(20);
const windowSeconds = 15;
/** With starting and collecting. */
const windowMs = (windowSeconds + 5) * 1000;

const [, bin] = await builtPackage();
await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
cleanup.defer(() => rm(directory, { recursive: true, force: true }));
const profiler = await asprofDirectory();
const engine = await startEngine('docker');
cleanup.defer(() => engine.stop());
const flamepin = await startFlamepin(
  directory,
  `server: {port: 0}
limits: {total: 200, perNode: 200}
routes: [{matchers: [], duration: ${windowSeconds}s, cooldown: 0, event: cpu, target: {docker: {}}}]
targets: {docker: {engines: {local: {socket: ${engine.socket}}}}}
storage: {filesystem: {directory: ./artifacts}}
ledger: {sqlite: {path: ./flamepin.db}}
`,
  process.env,
  [],
  bin,
);
cleanup.defer(() => flamepin.stop());

const nameOf = (who: 'ours' | 'theirs', round: number): string => `${who}-${round}`;
/** All stay: a container that ends within five minutes of its window may block its image. */
const standing: { round: number; freeAt: number }[] = [];

async function freshPair(round: number): Promise<void> {
  await engine.runJvm(nameOf('ours', round));
  await engine.runJvm(nameOf('theirs', round));
  standing.push({ round, freeAt: Date.now() + windowMs });
}

/** The containers of a warm round. */
const again = (round: number) => standing[round % standing.length]!;
const whenFree = async (round: number): Promise<void> => {
  const pair = again(round);
  await sleep(Math.max(0, pair.freeAt - Date.now()));
  pair.freeAt = Date.now() + windowMs;
};

async function byRunbook(container: string): Promise<number> {
  const began = uptimeSeconds();
  const script = join(import.meta.dirname, 'docker-runbook.sh');
  const { stdout } = await promisify(execFile)(
    'sh',
    [script, engine.socket, container, profiler, String(windowSeconds)],
    { timeout: 60_000 },
  );
  return (Number(stdout) - began) * 1000;
}

/** The same clock as in the containers; hundredths of a second. */
function uptimeSeconds(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}

const compare = (
  temperature: 'cold' | 'warm',
  prepare: (round: number) => Promise<void>,
  pairOf: (round: number) => number,
): Promise<void> =>
  compareFirstSamples(`Alert → first sample in a container, ${temperature}`, rounds, prepare, [
    {
      name: 'flamepin, from the POST',
      measure: (round) =>
        firstSampleMs(flamepin, `${temperature}-${round}`, { name: nameOf('ours', pairOf(round)) }),
    },
    {
      name: 'runbook with docker cp and exec',
      measure: (round) => byRunbook(nameOf('theirs', pairOf(round))),
    },
  ]);

await compare('cold', freshPair, (round) => round);
await compare('warm', whenFree, (round) => again(round).round);
