import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { install } from '../cluster/installation.ts';
import { shopPod } from '../cluster/pods.ts';
import { testNamespace } from '../cluster/test-namespace.ts';
import {
  captureWhen,
  fireForCapture,
  isFinal,
  isProfiled,
  type Reachable,
} from '../setup/flamepin-client.ts';
import { startCluster } from './cluster.ts';
import { askedPairs, printTable, type Measured } from './measure.ts';
import { asprofDirectory } from './windows.ts';

/**
 * From the alert to a profiler that runs in a pod: flamepin, installed with its chart and admission policy, from the
 * POST on, against the runbook with kubectl as a script without human pauses. Cold: two new pods each round, JVMs never
 * profiled before; warm: the last ones again, in turn, when their window of before is over. Both ends are the moment at
 * which asprof returns in the container. What fails is counted, not left out in silence.
 */
const run = promisify(execFile);
const rounds = askedPairs(20);
const windowSeconds = 15;
/** Until the JVM has started and the machine is quiet again. */
const settleMs = 3_000;
/** With starting and collecting. */
const windowMs = (windowSeconds + 4) * 1000;
/** Pairs of pods that are measured in turn when they are warm. */
const keptPairs = 6;
const patienceMs = 60_000;
const shops = 'bench-shops';
const script = join(import.meta.dirname, 'kubectl-runbook.sh');

using cluster = startCluster();
const profiler = await asprofDirectory();
await using targets = await testNamespace(shops);
const installed = await install(
  'bench',
  {},
  {
    targetNamespaces: [shops],
    secrets: [
      {
        key: 'sources.alertmanager.bearerTokenFile',
        secretName: 'flamepin',
        secretKey: 'alertmanager-token',
      },
    ],
    admissionPolicy: { enabled: true },
    persistence: { enabled: false },
    config: {
      routes: [
        {
          matchers: [],
          duration: `${windowSeconds}s`,
          cooldown: '0s',
          event: 'cpu',
          target: { kubernetes: {} },
        },
      ],
      limits: { total: 20, perNode: 20 },
    },
  },
);
await using cleanup = new AsyncDisposableStack();
cleanup.defer(() => installed.close());
const flamepin: Reachable = { url: installed.url, token: installed.token, log: [] };

async function byFlamepin(pod: string, temperature: string): Promise<number> {
  const sent = Date.now();
  const id = await fireForCapture(flamepin, `${pod}-${temperature}`, { namespace: shops, pod });
  const { timeline } = await captureWhen(flamepin, id, 'first sample', patienceMs, (capture) => {
    if (isFinal(capture) && !isProfiled(capture))
      throw new Error(`the capture ended: ${JSON.stringify(capture.reason)}`);
    return isProfiled(capture);
  });
  return Date.parse(timeline['firstSampleAt'] ?? '') - sent;
}

async function byRunbook(pod: string): Promise<number> {
  const began = uptimeSeconds();
  const { stdout } = await run('sh', [script, cluster.kubectl, shops, pod, profiler, String(windowSeconds)], {
    timeout: patienceMs,
  });
  return (Number(stdout) - began) * 1000;
}

/** The same clock as in the pods, which run on this machine; hundredths of a second. */
function uptimeSeconds(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}

const contenders = [
  { name: 'flamepin, from the POST', measure: byFlamepin },
  { name: 'runbook with kubectl', measure: byRunbook },
] as const;
const results = { cold: contenders.map((): Measured[] => []), warm: contenders.map((): Measured[] => []) };
const failures = contenders.map(() => 0);

type Temperature = keyof typeof results;
/** Pods of each round, one per contender, as long as they are there. */
const standing: string[][] = [];

async function measureRound(round: number, pods: readonly string[], temperature: Temperature): Promise<void> {
  // Every other round the other way round, so that nobody always comes second.
  const order = contenders.map((_, index) => index);
  if (round % 2 === 1) order.reverse();
  for (const index of order)
    try {
      const milliseconds = await contenders[index]!.measure(pods[index]!, `${temperature}-${round}`);
      results[temperature][index]!.push({ 'first sample, ms': milliseconds });
    } catch (error) {
      failures[index]!++;
      results[temperature][index]!.push({ 'first sample, ms': Infinity });
      process.stderr.write(`${contenders[index]!.name}: ${String(error)}\n`);
    }
  process.stderr.write(`${temperature}: round ${round + 1} of ${rounds}\n`);
}

for (let round = 0; round < rounds; round++) {
  const pods = contenders.map((_, index) => `round-${round}-${index}`);
  for (const pod of pods) await targets.create(`/api/v1/namespaces/${shops}/pods`, shopPod(pod));
  for (const pod of pods) await targets.ready(pod);
  await sleep(settleMs);
  await measureRound(round, pods, 'cold');
  standing.push(pods);
  if (standing.length > keptPairs)
    for (const pod of standing.shift() ?? []) await targets.remove(`/api/v1/namespaces/${shops}/pods/${pod}`);
}
await sleep(windowMs);
for (let round = 0; round < rounds; round++) {
  const began = performance.now();
  await measureRound(round, standing[round % standing.length]!, 'warm');
  // By its next turn the window of a pair is over.
  await sleep(Math.max(0, windowMs / standing.length - (performance.now() - began)));
}
for (const temperature of ['cold', 'warm'] as const)
  printTable(`Alert → first sample in a pod, ${temperature}`, contenders, results[temperature]);
console.log(
  contenders.map(({ name }, index) => `${name}: ${failures[index]} of ${2 * rounds} failed`).join('\n'),
);
