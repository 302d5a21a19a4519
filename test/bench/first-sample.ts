import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startFlamepin } from '../../demo/flamepin.ts';
import { compileDemoService, startDemoService, type DemoService } from '../../demo/service.ts';
import { captureWhen, fireForCapture, isFinal, isProfiled } from '../setup/flamepin-client.ts';
import { builtPackage } from '../setup/built-package.ts';
import { askedPairs, inRounds, printTable, type Contender } from './measure.ts';
import { asprofDirectory } from './windows.ts';

/**
 * From the alert to a profiler that runs: flamepin from the POST on, against the runbook by hand as a script without
 * human pauses, each on a JVM of its own, as often as `--pairs` says. Cold: JVMs never profiled before. Warm: the same
 * JVMs again. Both ends are the moment at which asprof returns in the target.
 */
const run = promisify(execFile);
const pairs = askedPairs(10);
const windowSeconds = 15;
const settleMs = 1_000;
const patienceMs = 120_000;
const script = join(import.meta.dirname, 'runbook.sh');

interface Pair {
  flamepin: DemoService;
  runbook: DemoService;
}

const mark = randomUUID();
const markOf = (who: keyof Pair, round: number): string => `-Dbench.mark=${mark}-${who}-${round}.`;

const [, bin] = await builtPackage();
await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
cleanup.defer(() => rm(directory, { recursive: true, force: true }));
const profiler = await asprofDirectory();
const classes = await compileDemoService(join(directory, 'classes'));

// One route per JVM: the alert's label chooses it.
const routes = Array.from(
  { length: pairs },
  (_, round) =>
    `  - {matchers: ['round="${round}"'], duration: ${windowSeconds}s, cooldown: 0s, event: cpu, target: {host: {process: "${markOf('flamepin', round)}"}}}`,
);
const server = await startFlamepin(
  directory,
  `server: {port: 0}
limits: {total: 200, perNode: 200}
routes:
${routes.join('\n')}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
  process.env,
  [],
  bin,
);
cleanup.defer(() => server.stop());

const services: Pair[] = [];
const captures: string[] = [];

async function startService(who: keyof Pair, round: number): Promise<DemoService> {
  const service = await startDemoService(classes, {
    jvmArguments: ['-Xmx64m', '-XX:+UseSerialGC', markOf(who, round)],
  });
  cleanup.defer(() => service.stop());
  return service;
}

async function byFlamepin(round: number, temperature: string): Promise<number> {
  const sent = Date.now();
  const id = await fireForCapture(server, `${temperature}-${round}`, { round: String(round) });
  captures.push(id);
  const { timeline } = await captureWhen(server, id, 'first sample', patienceMs, (capture) => {
    if (isFinal(capture) && !isProfiled(capture))
      throw new Error(`the capture ended: ${JSON.stringify(capture.reason)}`);
    return isProfiled(capture);
  });
  return Date.parse(timeline['firstSampleAt'] ?? '') - sent;
}

async function byRunbook(round: number): Promise<number> {
  const begun = Date.now();
  const file = join(directory, `runbook-${round}.jfr`);
  const { stdout } = await run(
    'sh',
    [script, markOf('runbook', round), profiler, file, String(windowSeconds)],
    { timeout: 60_000 },
  );
  return Number(stdout) / 1e6 - begun;
}

async function measure(temperature: 'cold' | 'warm'): Promise<void> {
  const round = { flamepin: 0, runbook: 0 };
  const contenders: Contender[] = [
    {
      name: 'flamepin, from the POST',
      run: async () => {
        const at = round.flamepin++;
        if (temperature === 'cold') await startPair(at);
        return { 'first sample, ms': await byFlamepin(at, temperature) };
      },
    },
    {
      name: 'runbook as a script',
      run: async () => {
        const at = round.runbook++;
        if (temperature === 'cold') await startPair(at);
        return { 'first sample, ms': await byRunbook(at) };
      },
    },
  ];
  printTable(`Alert → first sample, ${temperature}`, contenders, await inRounds(pairs, contenders));
}

/** The two JVMs of a round, up and settled before either is measured. */
async function startPair(round: number): Promise<void> {
  if (services[round] !== undefined) return;
  services[round] = {
    flamepin: await startService('flamepin', round),
    runbook: await startService('runbook', round),
  };
  await sleep(settleMs);
}

await measure('cold');
for (const id of captures.splice(0)) await captureWhen(server, id, 'the end', patienceMs, isFinal);
await sleep(settleMs);
await measure('warm');
