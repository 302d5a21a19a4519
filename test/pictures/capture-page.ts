import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { compileDemoService, startDemoService } from '../../demo/service.ts';
import { startBrowser } from '../setup/browser.ts';
import { captureWhen, fireForCapture, isFinal } from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';

// Takes docs/images/capture-page.png and capture-page-phone.png: the page of a real capture of the demo's shop, whose
// connection pool ran dry, against a baseline of its good health. Run by hand: node test/pictures/capture-page.ts [DIRECTORY]
const pictures = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'docs', 'images');
const load = 20;
const listSchema = z.object({ captures: z.array(z.looseObject({ id: z.string(), state: z.string() })) });

await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'flamepin-pictures-'));
cleanup.defer(() => rm(directory, { recursive: true, force: true }));
const shop = await startDemoService(await compileDemoService(join(directory, 'classes')), { load });
cleanup.defer(() => shop.stop());

const configuration = `server: {port: 0}
routes:
  - matchers: ['alertname="HighLatency"']
    duration: 30s
    target: {host: {process: "com.acme.shop"}}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`;
const baselines = `baselines:
  schedule: '*/10 * * * * *'
  workloads:
    - labels: {instance: "localhost:${shop.port}"}
      target: {host: {process: "com.acme.shop"}}
`;

// Warm first: compiled code is what a service in production runs.
await sleep(30_000);
const healthy = await startFlamepin(directory, configuration + baselines);
try {
  await waitFor('a baseline', 180_000, () => firstDone(healthy));
} finally {
  await healthy.stop();
}
const flamepin = await startFlamepin(directory, configuration);
cleanup.defer(() => flamepin.stop());
await shop.switch('pool', true);
await sleep(2_000);
const labels = { severity: 'critical', instance: `localhost:${shop.port}`, job: 'shop', uri: '/checkout' };
const id = await fireForCapture(flamepin, '5a1f0c3d9b7e2846', labels);
const capture = await captureWhen(flamepin, id, 'an end', 180_000, isFinal);
if (capture.state !== 'done') throw new Error(JSON.stringify(capture));

const browser = await startBrowser();
cleanup.defer(() => browser.close());
for (const [name, options] of [
  ['capture-page', { viewport: { width: 1280, height: 1140 }, deviceScaleFactor: 2 }],
  [
    'capture-page-phone',
    { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  ],
] as const) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`${flamepin.url}/captures/${id}`);
  await page.waitForSelector('html[data-ready]');
  await page.screenshot({ path: join(pictures, `${name}.png`) });
  await context.close();
}

async function firstDone(running: RunningFlamepin): Promise<string | undefined> {
  const response = await fetch(`${running.url}/captures`, { headers: { Accept: 'application/json' } });
  return listSchema.parse(await response.json()).captures.find(({ state }) => state === 'done')?.id;
}
