import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { startFlamepin } from '../../demo/flamepin.ts';
import { notificationOf } from '../setup/flamepin-client.ts';
import { builtPackage } from '../setup/built-package.ts';
import { askedPairs, inRounds, printTable, type Measured } from './measure.ts';

/**
 * Notifications acknowledged per second, each on disk before its answer: flamepin, which checks, routes and commits
 * each alert, against a bare express handler that appends the body to a file and calls fsync. Sixteen senders at once,
 * each notification with an alert of its own. flamepin observes only, so that no capture takes its turn.
 */
const pairs = askedPairs(5);
const senders = 16;
const seconds = 5;
const autocannon = fileURLToPath(import.meta.resolve('autocannon'));
const resultSchema = z.object({
  '2xx': z.number(),
  non2xx: z.number(),
  errors: z.number(),
  duration: z.number(),
  latency: z.object({ p50: z.number(), p99: z.number() }),
});
/** autocannon puts a fresh number in place of this. */
const fresh = '[<id>]';

const [, bin] = await builtPackage();
await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
cleanup.defer(() => rm(directory, { recursive: true, force: true }));

const flamepin = await startFlamepin(
  directory,
  `mode: observe
server: {port: 0}
routes: [{matchers: ['alertname="HighLatency"'], target: {host: {process: nothing.runs.under.this.name}}}]
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
  process.env,
  [],
  bin,
);
cleanup.defer(() => flamepin.stop());
const bare = await startBare(join(directory, 'bare.log'));
cleanup.defer(() => bare.stop());

async function startBare(file: string): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-receiver.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url: line,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

async function send(url: string): Promise<Measured> {
  const body = notificationOf(fresh, { service: fresh, severity: 'critical', uri: '/checkout' });
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      autocannon,
      ...['--json', '--idReplacement', '--method', 'POST', '--headers', 'content-type=application/json'],
      ...['--connections', String(senders), '--duration', String(seconds), '--body', body, url],
    ],
    { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 },
  );
  const result = resultSchema.parse(JSON.parse(stdout));
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`refused: ${JSON.stringify(result)}`);
  return {
    'acknowledged per second': result['2xx'] / result.duration,
    'latency p99, ms': result.latency.p99,
  };
}

const contenders = [
  { name: 'flamepin', run: () => send(`${flamepin.url}/webhooks/alertmanager`) },
  { name: 'bare express, fsync each', run: () => send(bare.url) },
];
printTable(`Notifications from ${senders} senders`, contenders, await inRounds(pairs, contenders));
