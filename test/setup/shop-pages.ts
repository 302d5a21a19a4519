import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';
import express from 'express';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { pageScript, pageStyle } from '../../src/flamegraph/page-bundle.ts';
import { captureMain } from '../../src/flamegraph/page-shell.ts';
import type { View } from '../../src/flamegraph/view.ts';
import { page as documentOf } from '../../src/http/layout.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { hostileNames, hostileProfile } from '../given/hostile-profile.ts';
import { healthyShop, shopView, slowShop } from '../given/shop-profile.ts';
import { startBrowser } from './browser.ts';

export const wide: BrowserContextOptions = { viewport: { width: 1280, height: 900 } };
export const laptop: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
};
export const rowHeight = { wide: 18, phone: 22 };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page on which everything that others may write is hostile. */
export const hostileView: View = {
  ...shopView,
  title: hostileNames[0]!,
  headline: hostileNames.slice(1, 9).join(' '),
  lines: [...hostileNames],
  badges: hostileNames.slice(0, 3).map((text) => ({ text, tone: 'alarm' })),
  facts: hostileNames,
  event: 'cpu',
  fired: {
    summary: hostileNames.join(' '),
    description: hostileNames.join(' '),
    since: 0,
    until: 8.64e15,
    condition: hostileNames.join(' '),
    links: hostileNames.map((name) => ({ text: name, url: `javascript:${name}` })),
  },
  nextSteps: hostileNames,
  comparison: {
    baseLabel: hostileNames[2]!,
    baseHref: 'javascript:document.title="owned"',
    changedFrames: { cpu: { grew: [...hostileNames], shrank: [...hostileNames] } },
    rows: hostileNames.map((frame) => ({ ...shopView.comparison!.rows[0]!, frame, event: 'cpu' })),
  },
  links: [
    { text: 'link', url: 'javascript:document.title="owned"' },
    ...hostileNames.map((name) => ({ text: name, url: name })),
  ],
  details: hostileNames.map((text) => ({ summary: text, rows: [[text, text]], text })),
  applicationPackages: ['com.acme', ...hostileNames],
};

/** The hosted page, with the real shell and headers; data as the artifacts' route serves them. */
async function servePages(): Promise<Server> {
  const app = express();
  app.use(securityHeaders);
  const profiles: Record<string, Profile> = {
    slow: slowShop(),
    healthy: healthyShop(),
    hostile: hostileProfile(),
  };
  for (const [name, profile] of Object.entries(profiles))
    app.get(`/${name}/profile.json`, (_request, response) => response.json(profile));
  const pages: [string, View, string, string | null][] = [
    ['/shop', shopView, '/slow/profile.json', '/healthy/profile.json'],
    ['/plain', { ...shopView, comparison: null, event: 'cpu' }, '/slow/profile.json', null],
    ['/hostile', hostileView, '/hostile/profile.json', '/healthy/profile.json'],
    ['/lost', shopView, '/nowhere/profile.json', null],
  ];
  for (const [path, view, profileHref, baseHref] of pages)
    app.get(path, (_request, response) =>
      response.send(
        documentOf({
          title: view.headline,
          main: captureMain(view, { profileHref, baseHref }),
          profileHref,
        }),
      ),
    );
  const script = await pageScript();
  app.get('/page.js', (_request, response) => response.type('text/javascript').send(script));
  app.get('/page.css', async (_request, response) => response.type('text/css').send(await pageStyle()));
  app.get('/site.css', (_request, response) =>
    response.type('text/css').send(readFileSync(new URL('../../src/http/site.css', import.meta.url))),
  );
  app.get('/icon.svg', (_request, response) =>
    response.type('image/svg+xml').send('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  );
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** The shop's pages in a browser. */
export interface ShopPages {
  browser: Browser;
  origin: string;
  /** Opens a page, acts, and fails on any error, refused resource or request beyond its own origin. */
  open(url: string, options: BrowserContextOptions, act: (page: Page) => Promise<void>): Promise<void>;
  /** Writes a file and tells its address. */
  fileOf(name: string, text: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startShopPages(): Promise<ShopPages> {
  const closing = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-page-'));
  closing.defer(() => rm(directory, { recursive: true, force: true }));
  const server = await servePages();
  closing.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const browser = await startBrowser();
  closing.defer(() => browser.close());
  return {
    browser,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open: (url, options, act) => openPage(browser, url, options, act),
    async fileOf(name, text) {
      const path = join(directory, name);
      await writeFile(path, text);
      return pathToFileURL(path).href;
    },
    stop: () => closing.disposeAsync(),
  };
}

async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  act: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
    });
    page.on('dialog', (dialog) => troubles.push(`dialog: ${dialog.message()}`));
    const home = new URL(url);
    page.on('request', (request) => {
      const asked = new URL(request.url());
      const own = asked.protocol === home.protocol && asked.host === home.host;
      if (!own && asked.protocol !== 'data:') troubles.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    await act(page);
    assert.deepEqual(troubles, []);
  } finally {
    await context.close();
  }
}

export const ready = (page: Page): Promise<unknown> => page.waitForSelector('html[data-ready]');

/** A point in a row of the picture; `part` of its width. */
export async function inPicture(
  page: Page,
  row: number,
  part: number,
  high: number,
): Promise<{ x: number; y: number }> {
  await page.locator('#icicle').scrollIntoViewIfNeeded();
  const place = (await page.locator('#icicle').boundingBox())!;
  return { x: place.x + place.width * part, y: place.y + row * high + high / 2 };
}

/** Nothing scrolls sideways. */
export async function assertFits(page: Page): Promise<void> {
  const sizes = await page.evaluate<number[]>('[document.documentElement.scrollWidth, innerWidth]');
  assert.ok(sizes[0]! <= sizes[1]!, `page is ${sizes[0]} px wide on ${sizes[1]}`);
}

/** Fails on whatever axe finds. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const faults = await page.evaluate<string[]>(
    'axe.run().then(({ violations }) => violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + n.failureSummary).join(" | ")))',
  );
  assert.deepEqual(faults, []);
}
