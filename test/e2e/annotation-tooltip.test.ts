import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { grafanaAnnotator } from '../../src/annotations/grafana.ts';
import type { Capture } from '../../src/captures/capture.ts';
import { capturing, finished } from '../given/capture.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { startBrowser } from '../setup/browser.ts';

const soon = () => AbortSignal.timeout(30_000);
const ranges = ['1h', '6h', '24h'] as const;

describe('the mark on the panel, in a browser', () => {
  const closing = new AsyncDisposableStack();
  let browser: Browser;
  let flamepin: Server;
  let publicUrl: string;
  let grafana: Grafana;
  before(async () => {
    browser = await startBrowser();
    closing.defer(() => browser.close());
    flamepin = createServer((request, response) => response.end(`flamepin has ${request.url}`));
    await new Promise<void>((resolve) => flamepin.listen(0, '127.0.0.1', resolve));
    closing.defer(async () => {
      flamepin.closeAllConnections();
      await new Promise((resolve) => flamepin.close(resolve));
    });
    publicUrl = `http://127.0.0.1:${(flamepin.address() as AddressInfo).port}`;
  });
  // Marks of other tests would lie upon this one's.
  beforeEach(async () => {
    grafana = await startGrafana();
  });
  afterEach(() => grafana.close());
  after(() => closing.disposeAsync());

  const annotator = () =>
    grafanaAnnotator({ url: grafana.url, token: () => Promise.resolve(grafana.token), publicUrl });

  async function openPanel(panelId: number, range: (typeof ranges)[number]): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1180, height: 640 } });
    await page.goto(grafana.panelUrl('shop', panelId, range));
    await page.waitForSelector('body[data-ready]');
    return page;
  }
  /** Moves a real pointer to the middle of the mark; what lies above it would catch it. */
  async function hover(page: Page, mark: number): Promise<void> {
    const box = await page.locator(`[data-annotation="${mark}"]`).boundingBox();
    assert.ok(
      box !== null && box.width >= 10 && box.height >= 5,
      `the mark is ${box?.width} × ${box?.height} px`,
    );
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  }
  const on = (panelId: number, startedAt?: number): Capture =>
    capturing({ panel: { dashboardUid: 'shop', panelId, foundBy: 'a test' } }, startedAt);

  for (const range of ranges)
    it(`leads to the flame graph in one click at ${range}`, async () => {
      const capture = finished(on(2));
      const id = await annotator().finish(capture, soon());
      const page = await openPanel(2, range);
      await hover(page, id);
      const tooltip = page.locator('#tooltip');
      assert.match(await tooltip.innerText(), /61% waiting in HikariPool\.getConnection/);
      const [opened] = await Promise.all([
        page.waitForEvent('popup'),
        tooltip.getByRole('link', { name: 'Open the flame graph' }).click(),
      ]);
      await opened.waitForLoadState();
      assert.equal(opened.url(), `${publicUrl}/captures/${capture.id}`);
      assert.match(await opened.innerText('body'), new RegExp(capture.id));
      await opened.close();
      await page.close();
    });

  for (const range of ranges)
    it(`can be hovered while the capture runs at ${range}`, async () => {
      const capture = on(8, Date.now() - 10_000);
      const id = await annotator().begin(capture, soon());
      const page = await openPanel(8, range);
      await hover(page, id);
      assert.match(await page.locator('#tooltip').innerText(), /flamepin profiling pod checkout-7d9f-x2x/);
      await page.close();
    });

  it('shows labels as text, whatever they hold', async () => {
    const capture = on(1);
    const hostile = '<img src=x onerror="document.body.dataset.hacked=1"><a href="javascript:alert(1)">x</a>';
    capture.alert.labels = { alertname: hostile, namespace: 'shop' };
    if (capture.target !== null) capture.target.name = `<script>document.body.dataset.hacked=1</script>`;
    const id = await annotator().finish(finished(capture), soon());
    const page = await openPanel(1, '6h');
    await hover(page, id);
    const tooltip = page.locator('#tooltip');
    assert.match(await tooltip.innerText(), /<img src=x onerror=/);
    assert.equal(await tooltip.locator('img, script, a[href^="javascript"]').count(), 0);
    assert.equal(await page.evaluate('document.body.dataset.hacked'), undefined);
    assert.equal(await tooltip.locator('a').first().getAttribute('rel'), 'noopener noreferrer');
    await page.close();
  });

  it('leads from the topmost mark to each of those below it', async () => {
    const start = Date.now() - 60_000;
    const captures = ['HighLatency', 'HighErrors', 'QueueFull'].map((alertname) => {
      const capture = capturing({ panel: { dashboardUid: 'shop', panelId: 7, foundBy: 'a test' } }, start);
      return { ...capture, alert: { ...capture.alert, labels: { alertname, namespace: 'shop' } } };
    });
    // One after the other, as when all run on one node: the first is finished before the others begin.
    for (const capture of captures) {
      await annotator().begin(capture, soon());
      await annotator().finish(finished(capture), soon());
    }
    const page = await openPanel(7, '24h');
    const box = await page.locator('.region').last().boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const links = await Promise.all(
      (await page.locator('#tooltip a').all()).map((found) => found.getAttribute('href')),
    );
    for (const { id } of captures) assert.ok(links.includes(`${publicUrl}/captures/${id}`), id);
    await page.close();
  });
});
