import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { randomNumbers } from '../contract/mutate.ts';
import { startGrafana } from '../grafana/grafana.ts';
import { unlessBroken } from '../setup/flamepin-client.ts';
import { compileBurner, startBurner } from '../setup/jvm.ts';
import { waitFor } from '../setup/process.ts';
import { AlertSender } from './alert-sender.ts';
import { printFigures, type Figure } from './figures.ts';
import { keptRecords } from './kept-records.ts';
import { killMoments, reach } from './kill-moments.ts';
import { alertPromises, sessionPromises, storePromises } from './kill-promises.ts';
import { SessionWatch } from './session-watch.ts';
import { activeSessions, filesLeft, processesLeft } from './target-traces.ts';

/**
 * `npm run kills -- --kills 200 --seed 7`: flamepin is killed with SIGKILL again and again while alerts come in and real
 * JVMs are profiled, and started again at once. Afterwards everything that was promised is counted, in the JVMs, in
 * the file system and in the ledger's file. Exit code 1 when a promise was broken.
 */
const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string' } },
});
const kills = Number(values.kills);
const seed = Number(values.seed ?? Date.now() % 100_000);
if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed)) {
  console.error('usage: npm run kills -- [--kills 200] [--seed 7], both whole numbers');
  process.exit(2);
}
const random = randomNumbers(seed);

const services = ['checkout', 'orders', 'stock', 'mail'];
/** Windows at once. In the first half of the kills the limit per node holds them to it, in the second the total. */
const limit = 2;
const senders = 3;
/** Everything that is open must have ended by then: a deadline of 2 minutes, a window, and 60 s to collect. */
const drainMs = 240_000;
/** What a killed flamepin had started ends by itself by then, milliseconds. */
const settleMs = 40_000;
const openLookMs = 250;

await using closing = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'flamepin-kills-'));
closing.defer(() => rm(directory, { recursive: true, force: true }));
const burner = compileBurner();
closing.defer(burner.remove);
const mark = (service: string): string => `-Dflamepin.test=${directory}/${service}`;
const jvms = await Promise.all(
  services.map((service) => startBurner(burner.classes, { flags: [mark(service)], args: ['10'] })),
);
for (const jvm of jvms) closing.defer(() => jvm.stop('SIGKILL'));
const pids = jvms.map(({ pid }) => pid);
const grafana = await startGrafana();
closing.defer(() => grafana.close());
await writeFile(join(directory, 'grafana.token'), grafana.token);
const ledgerFile = join(directory, 'flamepin.db');
const storeDirectory = join(directory, 'artifacts');

const configuration = (limits: { perNode: number; total: number }): string => `
server: {port: 0, publicUrl: "http://flamepin.test"}
limits: {perNode: ${limits.perNode}, total: ${limits.total}}
routes:
${services.map((service) => `  - {matchers: ['service="${service}"'], event: cpu, cooldown: 0s, target: {host: {process: "${mark(service)}"}}}`).join('\n')}
grafana: {url: "${grafana.url}", tokenFile: ${join(directory, 'grafana.token')}}
storage: {filesystem: {directory: ${storeDirectory}}}
ledger: {sqlite: {path: ${ledgerFile}}}
`;

let flamepin: RunningFlamepin | undefined;
closing.defer(() => flamepin?.kill());
const startAgain = async (half: number): Promise<RunningFlamepin> => {
  const limits = half === 0 ? { perNode: limit, total: 8 } : { perNode: 8, total: limit };
  const entry = join(import.meta.dirname, 'short-windows.ts');
  flamepin = await startFlamepin(directory, configuration(limits), process.env, [], entry);
  return flamepin;
};

let open = 0;
const looking = setInterval(() => {
  void unlessBroken(openCaptures()).then((count) => (open = count ?? open));
}, openLookMs);
closing.defer(() => clearInterval(looking));

console.log(`${kills} kills, seed ${seed}; JVMs ${pids.join(', ')}`);
const began = Date.now();
const watch = new SessionWatch(pids, limit);
await startAgain(0);
const sender = new AlertSender({ url: () => flamepin?.url, services, random, open: () => open }, senders);
const hit = new Map<string, number>();
for (let kill = 1; kill <= kills; kill++) {
  const moment = killMoments[random(killMoments.length)] ?? 'in a window';
  const running = flamepin ?? (await startAgain(0));
  const came = await reach(moment, running, sender, random);
  await running.kill();
  flamepin = undefined;
  const where = came ? moment : 'elsewhere';
  hit.set(where, (hit.get(where) ?? 0) + 1);
  await startAgain(kill * 2 < kills ? 0 : 1);
  if (kill % 10 === 0)
    console.log(`${kill} kills, ${sender.counts.fresh} alerts, ${Math.round((Date.now() - began) / 1000)} s`);
}
await sender.stop();
const unfinished = await waitFor('the end of every capture', drainMs, async () => {
  const count = await unlessBroken(openCaptures());
  return count === 0 ? 0 : undefined;
}).catch(() => open);
await waitFor('an end of what was left running', settleMs, () =>
  watch.running === 0 ? true : undefined,
).catch(() => undefined);
await flamepin?.stop();
const childrenLeft = await settled(() => processesLeft(new Set(keptIds())));

const kept = keptRecords(ledgerFile, storeDirectory);
const captureIds = new Set(kept.captures.map(({ id }) => id));
const sessions = watch.stop();
const observed = {
  acknowledged: [...sender.acknowledged.values()],
  kept,
  sessions,
  marks: grafana.annotations(),
  limit,
};
const files = filesLeft(pids, captureIds);
closing.defer(() => {
  for (const file of files) rmSync(file, { recursive: true, force: true });
});
const active = pids.flatMap(activeSessions);
const figures: Figure[] = [
  ...alertPromises(observed),
  ...sessionPromises(observed),
  {
    promise: 'no session runs on in a JVM, as asprof says',
    measured: `${active.length} active`,
    broken: active,
  },
  { promise: 'no file is left in a target', measured: `${files.length} left`, broken: files },
  {
    promise: 'no process is left',
    measured: `${childrenLeft.length} left`,
    broken: childrenLeft,
  },
  ...storePromises(observed),
  {
    promise: 'every JVM lives',
    measured: `${jvms.filter(({ process: { exitCode, signalCode } }) => exitCode === null && signalCode === null).length} of ${jvms.length}`,
    broken: jvms
      .filter(({ process: { exitCode, signalCode } }) => exitCode !== null || signalCode !== null)
      .map(({ pid }) => `${pid} has ended`),
  },
];
const { fresh, repeated, resolved, unanswered } = sender.counts;
console.log(`\n${kills} kills (seed ${seed}) in ${Math.round((Date.now() - began) / 1000)} s`);
console.log(`  killed while ${[...hit].map(([where, count]) => `${where} ${count}`).join(', ')}`);
console.log(
  `  ${fresh} new alerts, ${repeated} repeated, ${resolved} resolved; ${unanswered} sent again; ${unfinished} captures open at the end`,
);
process.exitCode = printFigures('Promises', figures) === 0 ? 0 : 1;

/** Captures that are not final and marks that are not told. */
async function openCaptures(): Promise<number> {
  if (flamepin === undefined) return Number.POSITIVE_INFINITY;
  const response = await fetch(`${flamepin.url}/metrics`, { signal: AbortSignal.timeout(5_000) });
  const text = await response.text();
  return [...text.matchAll(/^flamepin_queue_captures\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

function keptIds(): string[] {
  return keptRecords(ledgerFile, storeDirectory).captures.map(({ id }) => id);
}

/** What is still there once what ends by itself has had its time. */
async function settled(left: () => string[]): Promise<string[]> {
  for (const end = Date.now() + settleMs; Date.now() < end; await sleep(500))
    if (left().length === 0) return [];
  return left();
}
