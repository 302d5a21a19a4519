import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFlamepin } from '../../demo/flamepin.ts';
import { imageEnvironment } from '../cluster/images/flamepin.ts';
import { shopPod } from '../cluster/pods.ts';
import { testNamespace } from '../cluster/test-namespace.ts';
import { captureWhen, fireForCapture, isFinal } from '../setup/flamepin-client.ts';
import { builtPackage } from '../setup/built-package.ts';
import { startCluster } from './cluster.ts';
import { askedPairs, printTable, residentMegabytes, type Measured } from './measure.ts';

/**
 * Twenty alerts at once, each about another pod: resident memory of `flamepin serve`, set up as in its image, after one
 * capture and the most until all twenty are stored; how late the last window started; how many failed. Each run is a
 * fresh flamepin on the same pods.
 */
const runs = askedPairs(3);
const captures = 20;
const windowSeconds = 15;
const shops = 'bench-at-once';
const patienceMs = 180_000;

using cluster = startCluster();
await using targets = await testNamespace(shops);
await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
cleanup.defer(() => rm(directory, { recursive: true, force: true }));
const [, bin] = await builtPackage();
const pods = Array.from({ length: captures }, (_, index) => `shop-${index}`);
for (const pod of pods) await targets.create(`/api/v1/namespaces/${shops}/pods`, shopPod(pod));
for (const pod of pods) await targets.ready(pod);

async function measure(run: number): Promise<Measured> {
  const flamepin = await startFlamepin(
    directory,
    `server: {port: 0}
routes: [{matchers: [], duration: ${windowSeconds}s, cooldown: 0s, target: {kubernetes: {}}}]
targets: {kubernetes: {kubeconfig: ${cluster.kubeconfig}}}
limits: {total: ${captures}, perNode: ${captures}}
storage: {filesystem: {directory: ${join(directory, `artifacts-${run}`)}}}
ledger: {sqlite: {path: ${join(directory, `flamepin-${run}.db`)}}}
`,
    { ...process.env, ...imageEnvironment() },
    [],
    bin,
  );
  try {
    const [first = ''] = pods;
    const warm = await fireForCapture(flamepin, `warm-${run}`, { namespace: shops, pod: first });
    await captureWhen(flamepin, warm, 'the end', patienceMs, isFinal);
    const atRest = residentMegabytes(flamepin.pid, 'VmRSS');
    const sent = Date.now();
    const ids = await Promise.all(
      pods.map((pod) => fireForCapture(flamepin, `${pod}-${run}`, { namespace: shops, pod })),
    );
    const ended = await Promise.all(
      ids.map((id) => captureWhen(flamepin, id, 'the end', patienceMs, isFinal)),
    );
    const firstSamples = ended.map(({ timeline }) => Date.parse(timeline['firstSampleAt'] ?? '') - sent);
    for (const { state, reason } of ended)
      if (state !== 'done') process.stderr.write(`${state}: ${JSON.stringify(reason)}\n`);
    return {
      'after one capture, MB': atRest,
      'at most, with twenty, MB': residentMegabytes(flamepin.pid, 'VmHWM'),
      'last first sample, ms': Math.max(...firstSamples),
      'not done': ended.filter(({ state }) => state !== 'done').length,
    };
  } finally {
    await flamepin.stop();
  }
}

const measured: Measured[] = [];
for (let run = 0; run < runs; run++) {
  measured.push(await measure(run));
  process.stderr.write(`run ${run + 1} of ${runs}\n`);
  await sleep(1_000);
}
printTable(`${captures} captures at once`, [{ name: 'flamepin' }], [measured]);
