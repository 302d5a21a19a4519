import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { install, webhookToken } from '../cluster/installation.ts';
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
import { askedPairs, inRounds, printTable, type Contender } from './measure.ts';
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
const flamepin: Reachable = { url: installed.url, token: webhookToken, log: [] };

async function byFlamepin(pod: string, turn: string): Promise<number> {
  const sent = Date.now();
  const id = await fireForCapture(flamepin, `${pod}-${turn}`, { namespace: shops, pod });
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

type Temperature = 'cold' | 'warm';
interface Way {
  name: string;
  measure: (pod: string, turn: string) => Promise<number>;
  failed: number;
}
const ways: readonly Way[] = [
  { name: 'flamepin, from the POST', measure: byFlamepin, failed: 0 },
  { name: 'runbook with kubectl', measure: byRunbook, failed: 0 },
];

/** A pod for each way, and when the window that is in them is over. */
interface Pair {
  pods: readonly string[];
  freeAt: number;
}
const standing: Pair[] = [];

async function freshPair(round: number): Promise<Pair> {
  const pods = ways.map((_, index) => `round-${round}-${index}`);
  for (const pod of pods) await targets.create(`/api/v1/namespaces/${shops}/pods`, shopPod(pod));
  for (const pod of pods) await targets.ready(pod);
  await sleep(settleMs);
  const pair = { pods, freeAt: 0 };
  standing.push(pair);
  if (standing.length > keptPairs)
    for (const pod of standing.shift()?.pods ?? [])
      await targets.remove(`/api/v1/namespaces/${shops}/pods/${pod}`);
  return pair;
}

async function measure(temperature: Temperature): Promise<void> {
  const pairs = new Map<number, Promise<Pair>>();
  /** The pair of a round, made ready by whoever comes first in it. */
  const pairOf = (round: number): Promise<Pair> => {
    const known = pairs.get(round);
    if (known !== undefined) return known;
    const made =
      temperature === 'cold' ? freshPair(round) : Promise.resolve(standing[round % standing.length]!);
    const ready = made.then(async (pair) => {
      await sleep(Math.max(0, pair.freeAt - Date.now()));
      return pair;
    });
    pairs.set(round, ready);
    return ready;
  };
  const contenders = ways.map((way, index): Contender => {
    let round = 0;
    return {
      name: way.name,
      run: async () => {
        const turn = round++;
        const pair = await pairOf(turn);
        try {
          return {
            'first sample, ms': await way.measure(pair.pods[index]!, `${temperature}-${turn}`),
          };
        } catch (error) {
          way.failed++;
          process.stderr.write(`${way.name}: ${String(error)}\n`);
          return { 'first sample, ms': Infinity };
        } finally {
          pair.freeAt = Date.now() + windowMs;
        }
      },
    };
  });
  const results = await inRounds(rounds, contenders);
  printTable(`Alert → first sample in a pod, ${temperature}`, contenders, results);
}

await measure('cold');
await measure('warm');
console.log(ways.map(({ name, failed }) => `${name}: ${failed} of ${2 * rounds} failed`).join('\n'));
