import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startFlamepin } from './flamepin.ts';
import { compileDemoService, startDemoService } from './service.ts';

/**
 * `npm run demo`: a small shop in good health, of which flamepin takes a baseline; then its connection pool runs dry,
 * the alert that Alertmanager would send comes, and the link to what changed. Keeps serving until Ctrl-C; with --once it ends after the link. Stops what it started
 * and removes its data.
 */
const windowSeconds = 15;
/** From the notification to a finished capture: the window, a cold start and reading; generous for a busy machine. */
const patienceMs = 90_000;
/** Only for this machine and this run: it lets the demo ask for the baseline. */
const token = randomBytes(16).toString('hex');

const captureSchema = z.object({
  state: z.string(),
  headline: z.string().nullable(),
  reason: z.object({ sentence: z.string(), remedy: z.string() }).nullable(),
});

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
process.exitCode = await demo(values.once, interrupted.signal);

async function demo(onceOnly: boolean, stop: AbortSignal): Promise<number> {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const release = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0);
  if (release < 17) {
    say(
      `The demo profiles a real JVM and needs a JDK 17 or later on PATH; ${release === 0 ? 'there is no java' : `this is ${release}`}.`,
    );
    say('On Debian and Ubuntu: apt-get install openjdk-17-jdk-headless');
    return 1;
  }
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-demo-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  try {
    say('Compiling and starting a small shop (com.acme.shop), 20 requests per second …');
    const shop = await startDemoService(await compileDemoService(join(directory, 'classes')), { load: 20 });
    cleanup.defer(() => shop.stop());
    stop.throwIfAborted();

    const tokenFile = join(directory, 'captures.token');
    await writeFile(tokenFile, token, { mode: 0o600 });
    const server = await startFlamepin(
      directory,
      `server: {port: 0}
routes:
  - matchers: ['alertname=~"High.*"']
    duration: ${windowSeconds}s
    target: {host: {process: "com.acme.shop"}}
access: {capturesTokenFile: ${tokenFile}}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
    );
    cleanup.defer(() => server.stop());
    say(`flamepin listens on ${server.url}`);

    say(`The shop is well: flamepin takes a baseline to compare with, ${windowSeconds} s …`);
    const baselineId = await askForBaseline(server.url, shop.pid);
    const baseline = await finished(server.url, baselineId, stop);
    if (baseline.state !== 'done') {
      say(`No baseline: ${baseline.reason?.sentence ?? baseline.state} ${baseline.reason?.remedy ?? ''}`);
      return 1;
    }

    say('Its connection pool runs dry; the alert HighLatency is sent as Alertmanager would …');
    await shop.switch('pool', true);
    await sleep(2_000, undefined, { signal: stop });
    const id = await sendAlert(server.url, shop.port);
    const capture = await finished(server.url, id, stop);
    if (capture.state !== 'done') {
      say(`No profile: ${capture.reason?.sentence ?? capture.state} ${capture.reason?.remedy ?? ''}`);
      return 1;
    }
    say('');
    say(`  ${capture.headline ?? ''}`);
    say(`  ${server.url}/captures/${id}`);
    say(`  healthy: ${server.url}/captures/${baselineId}`);
    say('');
    if (onceOnly) return 0;
    say('Open the link; Ctrl-C ends the demo and removes its data.');
    await sleep(2 ** 31 - 1, undefined, { signal: stop });
    return 0;
  } catch (error) {
    if (stop.aborted) return 0;
    throw error;
  }
}

/** The same that the schedule of `baselines` does for workloads that opted in. */
async function askForBaseline(url: string, pid: number): Promise<string> {
  const response = await fetch(`${url}/captures`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({
      target: `host://${pid}`,
      event: 'wall',
      durationSeconds: windowSeconds,
      purpose: 'baseline',
    }),
    signal: AbortSignal.timeout(10_000),
  });
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

async function sendAlert(url: string, port: number): Promise<string> {
  const alert = {
    status: 'firing',
    labels: {
      alertname: 'HighLatency',
      severity: 'critical',
      instance: `localhost:${port}`,
      job: 'shop',
      uri: '/checkout',
    },
    annotations: { summary: 'p99 of /checkout is over 500 ms' },
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: '5a1f0c3d9b7e2846',
  };
  const response = await fetch(`${url}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      version: '4',
      status: 'firing',
      receiver: 'flamepin',
      groupKey: '{}',
      truncatedAlerts: 0,
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      externalURL: '',
      alerts: [alert],
    }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = z
    .object({ alerts: z.array(z.object({ outcome: z.string(), captureId: z.string().optional() })) })
    .parse(await response.json());
  const id = answer.alerts[0]?.captureId;
  if (id === undefined) throw new Error(`the alert was not queued: ${JSON.stringify(answer)}`);
  return id;
}

async function finished(url: string, id: string, stop: AbortSignal): Promise<z.infer<typeof captureSchema>> {
  const giveUp = Date.now() + patienceMs;
  let last = '';
  for (;;) {
    const response = await fetch(`${url}/captures/${id}`, {
      headers: { Accept: 'application/json' },
      signal: stop,
    });
    const capture = captureSchema.parse(await response.json());
    if (capture.state !== last) say(`  ${capture.state} …`);
    last = capture.state;
    if (['done', 'failed', 'skipped'].includes(capture.state)) return capture;
    if (Date.now() > giveUp)
      throw new Error(`the capture is still ${capture.state} after ${patienceMs / 1000} s`);
    await sleep(500, undefined, { signal: stop });
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
