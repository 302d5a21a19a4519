import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { compileDemoService, startDemoService, type DemoService } from '../../demo/service.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { startBrowser } from '../setup/browser.ts';
import { freePort, waitFor } from '../setup/process.ts';
import { startMonitoring, type Monitoring } from '../setup/prometheus.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

const captureSchema = z.looseObject({
  id: z.string(),
  state: z.string(),
  headline: z.string().nullable(),
  reason: z.looseObject({ code: z.string(), detail: z.string() }).nullable(),
  annotation: z.looseObject({ state: z.string() }),
  timeline: z.record(z.string(), z.string().nullable()),
  artifacts: z.array(z.looseObject({ name: z.string(), size: z.number(), path: z.string() })),
});
type CaptureJson = z.infer<typeof captureSchema>;

const windowSeconds = 15;

/** p95 over five seconds: the shop answers in about 10 ms when it is well. */
const rules = `groups:
  - name: shop
    rules:
      - alert: HighLatency
        expr: histogram_quantile(0.95, sum by (le, instance, uri) (rate(http_server_requests_seconds_bucket{uri="/checkout"}[5s]))) > 0.1
        labels: {severity: critical}
        annotations: {__dashboardUid__: shop, __panelId__: "2", summary: p95 of /checkout is high}
`;

/**
 * The whole pipe on real parts: the shop's latency rises, Prometheus sees it, Alertmanager tells flamepin, flamepin
 * profiles the JVM, stores in S3 and marks the panel, and a person follows the mark's link.
 */
describe('an alert becomes a flame graph', () => {
  let shop: DemoService;
  let s3: S3Server;
  let grafana: Grafana;
  let flamepin: RunningFlamepin;
  let monitoring: Monitoring;
  let browser: Browser;
  const closing = new AsyncDisposableStack();

  before(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-e2e-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    shop = await startDemoService(await compileDemoService(join(directory, 'classes')), { load: 20 });
    closing.defer(() => shop.stop());
    s3 = await startS3();
    closing.defer(() => s3.stop());
    grafana = await startGrafana();
    closing.defer(() => grafana.close());
    browser = await startBrowser();
    closing.defer(() => browser.close());

    const token = 'only-for-this-test';
    await writeFile(join(directory, 'am.token'), token);
    await writeFile(join(directory, 'grafana.token'), grafana.token);
    const port = await freePort();
    flamepin = await startFlamepin(
      directory,
      `server: {port: ${port}, publicUrl: "http://127.0.0.1:${port}"}
sources: {alertmanager: {bearerTokenFile: ${join(directory, 'am.token')}}}
routes:
  - matchers: ['alertname=~".*Latency.*"', 'severity="critical"']
    duration: ${windowSeconds}s
    target: {host: {process: "com.acme.shop"}}
storage: {s3: {bucket: ${s3.bucket}, region: ${s3.region}, endpoint: "${s3.endpoint}", forcePathStyle: true}}
grafana: {url: "${grafana.url}", tokenFile: ${join(directory, 'grafana.token')}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
      {
        ...process.env,
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      },
    );
    closing.defer(() => flamepin.stop());
    monitoring = await startMonitoring({
      directory: join(directory, 'monitoring'),
      scrape: { job: 'shop', targets: [{ address: `127.0.0.1:${shop.port}` }] },
      rules,
      webhookUrl: `${flamepin.url}/webhooks/alertmanager`,
      bearerToken: token,
    });
    closing.defer(() => monitoring.stop());
  });

  after(() => closing.disposeAsync());

  it('leads from the slow method over the mark on the panel to the picture that names it', async () => {
    await shop.switch('slow', true);
    const capture = await finishedCapture(flamepin);
    assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
    assert.match(capture.headline ?? '', /LoyaltyService/);

    const mark = await waitFor('a finished mark', 60_000, () =>
      grafana.annotations().find(({ timeEnd, time }) => timeEnd > time),
    );
    assert.equal(grafana.annotations().length, 1);
    assert.match(mark.text, /LoyaltyService/);
    const link = /href="([^"]+)"/.exec(mark.text)?.[1] ?? '';
    assert.equal(link, `${flamepin.url}/captures/${capture.id}`);

    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(link);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.match((await page.getByRole('heading', { level: 1 }).textContent()) ?? '', /LoyaltyService/);
    await page.locator('#picture canvas').first().waitFor();
    assert.deepEqual(problems, []);

    for (const name of ['flamegraph.svg', 'flamegraph.html', 'profile.json', 'summary.md']) {
      const response = await fetch(`${flamepin.url}/captures/${capture.id}/${name}`);
      assert.equal(response.status, 200, name);
      assert.match(await response.text(), /LoyaltyService/, name);
    }
    const recording = await fetch(`${flamepin.url}/captures/${capture.id}/recording.jfr`);
    assert.equal(recording.status, 403, 'recordings need a right that is not configured here');
    await context.close();
  });

  it('keeps the annotation within a second of the stored picture, and the object set small', async () => {
    const capture = await finishedCapture(flamepin);
    const total = capture.artifacts.reduce((sum, { size }) => sum + size, 0);
    assert.ok(total < 1_000_000, `${total} bytes`);
    assert.equal(capture.annotation.state, 'finished');
  });

  it('leaves nothing of its own beside the JVM', async () => {
    const { id } = await finishedCapture(flamepin);
    const left = (await readdir(tmpdir())).filter((name) => name.includes(id));
    assert.deepEqual(left, []);
  });

  it('closes the episode when the alert resolves', async () => {
    await shop.switch('slow', false);
    await waitFor('the resolved alert', 60_000, async () => {
      const { alert } = z
        .looseObject({ alert: z.looseObject({ resolvedAt: z.string().nullable() }) })
        .parse(await json(`${flamepin.url}/captures/${(await finishedCapture(flamepin)).id}`));
      return alert.resolvedAt ?? undefined;
    });
    await waitFor('the closed mark', 60_000, () =>
      grafana.annotations().find(({ text }) => text.includes('resolved')),
    );
    assert.equal(grafana.annotations().length, 1);
  });
});

async function finishedCapture(flamepin: RunningFlamepin): Promise<CaptureJson> {
  return waitFor(
    'a final capture',
    90_000,
    async () => {
      const { captures } = z
        .object({ captures: z.array(captureSchema) })
        .parse(await json(`${flamepin.url}/captures`));
      return captures.find(
        ({ state, annotation }) =>
          ['done', 'failed', 'skipped'].includes(state) &&
          annotation.state !== 'begun' &&
          annotation.state !== 'pending',
      );
    },
    () =>
      flamepin.log
        .slice(-20)
        .map((entry) => JSON.stringify(entry))
        .join('\n'),
  );
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(60_000),
  });
  return response.json();
}
