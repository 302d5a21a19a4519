import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { grafanaAnnotator } from '../../src/annotations/grafana.ts';
import { artifactKey } from '../../src/artifacts/keys.ts';
import { s3Store } from '../../src/artifacts/s3.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import { capturing, finished } from '../grafana/captures.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { startBrowser } from '../setup/browser.ts';
import { startS3, type S3Server } from '../setup/s3-server.ts';

const soon = () => AbortSignal.timeout(30_000);
const week = 7 * 24 * 3600;

describe('pictures that are opened straight from the bucket', () => {
  let browser: Browser;
  let server: S3Server;
  let grafana: Grafana;
  let store: ArtifactStore;
  before(async () => {
    [browser, server, grafana] = await Promise.all([startBrowser(), startS3(), startGrafana()]);
    const { bucket, region, endpoint, credentials } = server;
    store = s3Store({ bucket, region, endpoint, credentials, forcePathStyle: true });
  });
  after(async () => {
    await store.close?.();
    await browser.close();
    await grafana.close();
    await server.stop();
  });

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
});
