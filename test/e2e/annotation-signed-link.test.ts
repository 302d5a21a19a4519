import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import express from 'express';
import type { Browser } from 'playwright-core';
import { grafanaAnnotator } from '../../src/annotations/grafana.ts';
import { artifactKey } from '../../src/artifacts/keys.ts';
import { s3Store } from '../../src/stores/s3/s3.ts';
import type { ArtifactStore } from '../../src/captures/artifact-store.ts';
import { artifactRoutes } from '../../src/http/artifacts.ts';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import { capturing, finished } from '../given/capture.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { startBrowser } from '../setup/browser.ts';
import { seedCapture } from '../given/seed-capture.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

const soon = () => AbortSignal.timeout(30_000);
const week = 7 * 24 * 3600;

describe('pictures opened straight from the bucket', () => {
  const closing = new AsyncDisposableStack();
  let browser: Browser;
  let server: S3Server;
  let grafana: Grafana;
  let store: ArtifactStore;
  before(async () => {
    server = await startS3();
    closing.defer(() => server.stop());
    grafana = await startGrafana();
    closing.defer(() => grafana.close());
    browser = await startBrowser();
    closing.defer(() => browser.close());
    const { bucket, region, endpoint, credentials } = server;
    store = s3Store({ bucket, region, endpoint, credentials, forcePathStyle: true });
    closing.defer(() => store.close?.());
  });
  after(() => closing.disposeAsync());

  it('are one click away from the mark when flamepin has no address of its own', async () => {
    const capture = finished(capturing());
    await store.put(
      {
        key: artifactKey(capture.id, 'flamegraph.html'),
        body: gzipSync('<!doctype html><meta charset="utf-8"><title>Flame graph</title><h1>61% wäits</h1>'),
        contentType: 'text/html; charset=utf-8',
        contentEncoding: 'gzip',
        metadata: {},
      },
      soon(),
    );
    const annotator = grafanaAnnotator({
      url: grafana.url,
      token: () => Promise.resolve(grafana.token),
      publicUrl: null,
      signedLink: (key) => store.link(key, week),
    });
    const id = await annotator.finish(capture, soon());
    const page = await browser.newPage();
    await page.goto(grafana.panelUrl('shop', 2, '6h'));
    await page.waitForSelector('body[data-ready]');
    await page.hover(`[data-annotation="${id}"]`);
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.locator('#tooltip').getByRole('link', { name: 'Open the flame graph' }).click(),
    ]);
    await opened.waitForLoadState();
    assert.equal(await opened.title(), 'Flame graph');
    assert.equal(await opened.innerText('h1'), '61% wäits');
    await opened.close();
    await page.close();
  });

  it('are drawn and not downloaded, SVG as well', async () => {
    const key = artifactKey(capturing().id, 'flamegraph.svg');
    const body = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><text y="20">all</text></svg>');
    await store.put(
      { key, body, contentType: 'image/svg+xml', contentEncoding: 'identity', metadata: {} },
      soon(),
    );
    const link = await store.link(key, week);
    const page = await browser.newPage();
    await page.goto(link?.url ?? '');
    assert.equal(await page.locator('text').textContent(), 'all');
    await page.close();
  });

  it('are redirected to when redirects are on; scripts, recordings and missing files are not', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-redirects-'));
    const ledger = openSqliteLedger({ path: join(directory, 'ledger.db') });
    const stored = finished(capturing());
    const again = capturing();
    const gone = { ...finished(again), alert: { ...again.alert, fingerprint: 'another' } };
    await seedCapture(ledger, stored);
    await seedCapture(ledger, gone);
    await store.put(
      {
        key: artifactKey(stored.id, 'flamegraph.html'),
        body: Buffer.from('<!doctype html><title>Flame graph</title>'),
        contentType: 'text/html; charset=utf-8',
        contentEncoding: 'identity',
        metadata: {},
      },
      soon(),
    );
    const app = express();
    app.use(
      artifactRoutes({
        ledger,
        store,
        publicUrl: null,
        exportProfile: () => Promise.resolve(undefined),
        recordingsToken: () => 'a token',
        signedLink: (key) => store.link(key, week),
      }),
    );
    const flamepin = app.listen(0, '127.0.0.1');
    await once(flamepin, 'listening');
    const address = flamepin.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const ask = (id: string, headers: Record<string, string>, name = 'flamegraph.html') =>
      fetch(`${origin}/captures/${id}/${name}`, { headers, redirect: 'manual' });
    try {
      const page = await browser.newPage();
      await page.goto(`${origin}/captures/${stored.id}/flamegraph.html`);
      assert.equal(new URL(page.url()).origin, server.endpoint);
      assert.equal(await page.title(), 'Flame graph');
      await page.close();

      const old = await ask(stored.id, { Accept: 'text/html,*/*;q=0.8' });
      assert.equal(old.status, 302);
      assert.equal(old.headers.get('cache-control'), 'no-store');
      assert.equal((await ask(stored.id, { Accept: 'text/html', 'Sec-Fetch-Dest': 'empty' })).status, 200);
      assert.equal((await ask(stored.id, {})).status, 200);
      const missing = await ask(gone.id, { Accept: 'text/html' });
      assert.equal(missing.status, 410);
      assert.match(await missing.text(), /passed its retention/);
      const recording = await ask(stored.id, { Accept: 'text/html' }, 'recording.jfr');
      assert.notEqual(recording.status, 302);
    } finally {
      flamepin.closeAllConnections();
      flamepin.close();
      await ledger.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
