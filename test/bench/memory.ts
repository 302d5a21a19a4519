import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFlamepin } from '../../demo/flamepin.ts';
import { compileDemoService, startDemoService } from '../../demo/service.ts';
import { captureWhen, fireForCapture, isFinal } from '../setup/flamepin-client.ts';
import { builtPackage } from '../setup/built-package.ts';
import { askedPairs, printTable, residentMegabytes, type Measured } from './measure.ts';

/**
 * Resident memory of `flamepin serve` without Kubernetes: at rest, and the most while it collects and reads a 60 s
 * recording of the demo service under load. Each run is a fresh flamepin.
 */
const runs = askedPairs(3);
const windowSeconds = 60;
const restMs = 5_000;
/** From the start on: JIT code of the service is in the recording, as on the night of an alert. */
const warmUpMs = 10_000;

await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
cleanup.defer(() => rm(directory, { recursive: true, force: true }));
const [, bin] = await builtPackage();
const mark = `-Dbench.mark=${directory}.`;
const service = await startDemoService(await compileDemoService(join(directory, 'classes')), {
  load: 150,
  work: 400,
  jvmArguments: ['-Xmx96m', mark],
});
cleanup.defer(() => service.stop());
await sleep(warmUpMs);

async function measure(run: number): Promise<Measured> {
  const flamepin = await startFlamepin(
    directory,
    `server: {port: 0}
routes: [{matchers: [], duration: ${windowSeconds}s, cooldown: 0s, target: {host: {process: "${mark}"}}}]
storage: {filesystem: {directory: ${join(directory, `artifacts-${run}`)}}}
ledger: {sqlite: {path: ${join(directory, `flamepin-${run}.db`)}}}
`,
    process.env,
    [],
    bin,
  );
  try {
    await sleep(restMs);
    const atRest = residentMegabytes(flamepin.pid, 'VmRSS');
    const id = await fireForCapture(flamepin, `memory-${run}`, {});
    const capture = await captureWhen(flamepin, id, 'the end', 180_000, isFinal);
    if (capture.state !== 'done') throw new Error(`not profiled: ${JSON.stringify(capture.reason)}`);
    const size = capture.artifacts.find(({ name }) => name === 'recording.jfr')?.size ?? NaN;
    return {
      'at rest, MB': atRest,
      'at most, with one analysis, MB': residentMegabytes(flamepin.pid, 'VmHWM'),
      'recording, gzipped, kB': size / 1000,
    };
  } finally {
    await flamepin.stop();
  }
}

const measured: Measured[] = [];
for (let run = 0; run < runs; run += 1) {
  measured.push(await measure(run));
  process.stderr.write(`run ${run + 1} of ${runs}\n`);
}
printTable('Memory of flamepin serve', [{ name: 'flamepin' }], [measured]);
