import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { startBrowser } from '../setup/browser.ts';
import { startSeededPages, type SeededPages } from '../setup/seeded-pages.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wide: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

describe('flamepin’s pages', () => {
  const closing = new AsyncDisposableStack();
  let browser: Browser;
  let fresh: SeededPages;
  let used: SeededPages;
  before(async () => {
    used = await startSeededPages(30);
    closing.defer(() => used.stop());
    fresh = await startSeededPages(0);
    closing.defer(() => fresh.stop());
    browser = await startBrowser();
    closing.defer(() => browser.close());
  });
  after(() => closing.disposeAsync());

  async function open(url: string, options: BrowserContextOptions, act: (page: Page) => Promise<void>) {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const troubles: string[] = [];
      page.on('pageerror', (error) => troubles.push(error.message));
      await page.goto(url);
      await act(page);
      assert.deepEqual(troubles, [], url);
    } finally {
      await context.close();
    }
  }

  const onWide = (path: string, act: (page: Page) => Promise<void>) => open(`${used.url}${path}`, wide, act);

  /** Every address that a person may come to. */
  const addresses = (): [name: string, url: string][] => [
    ['empty list', `${fresh.url}/captures`],
    ['list', `${used.url}/captures`],
    ['filtered list without a result', `${used.url}/captures?workload=none`],
    ['unknown capture', `${used.url}/captures/c-00000000000000000000000000`],
    ['alert not seen', `${used.url}/alerts/ffffffff`],
    ['no such address', `${used.url}/nowhere`],
    ...Object.entries(used.paths).map(([name, path]): [string, string] => [name, `${used.url}${path}`]),
  ];

  // Colours do not depend on the width, so that two of the four together see everything.
  for (const [device, options] of [
    ['a laptop by day', { ...wide, colorScheme: 'light' }],
    ['a phone at night', { ...phone, colorScheme: 'dark' }],
  ] as const)
    it(`can be read by everyone on ${device}, and fit its width`, async () => {
      for (const [name, url] of addresses())
        await open(url, options, async (page) => {
          const [width, room] = await page.evaluate<[number, number]>(
            '[document.documentElement.scrollWidth, innerWidth]',
          );
          assert.ok(width <= room, `${name} is ${width} px wide on ${room}`);
          // Not by a script element, which the pages' own policy refuses.
          await page.evaluate(axe);
          const found = await page.evaluate<string[]>(
            `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
          );
          assert.deepEqual(found, [], name);
        });
    });

  it('show in one line of the list whether flamepin is well, and lead to each capture', async () => {
    await onWide('/captures', async (page) => {
      const health = await page.locator('.health').innerText();
      assert.match(
        health,
        /^Newest \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC · \d+ in progress · \d+ done · \d+ skipped · /,
      );
      assert.match(health, /3 failed \(3 × exec-disconnected\)/);
      assert.equal(await page.locator('tbody tr').count(), 30);
      await page.getByRole('link', { name: 'The connection to the target broke.' }).first().click();
      assert.equal(await page.locator('h1').innerText(), 'The connection to the target broke.');
    });
  });

  it('filter by state, workload and time, and keep the filter in the address', async () => {
    await onWide('/captures', async (page) => {
      await page.getByLabel('State').selectOption('failed');
      await page.getByLabel('From, UTC').fill('2020-01-01T00:00');
      await page.getByRole('button', { name: 'Filter' }).click();
      await page.waitForURL(/state=failed/);
      assert.equal(await page.locator('tbody tr').count(), 3);
      assert.equal(await page.getByLabel('From, UTC').inputValue(), '2020-01-01T00:00');
      await page.getByLabel('Until, UTC').fill('2020-01-02T00:00');
      await page.getByRole('button', { name: 'Filter' }).click();
      await page.getByText('No capture matches this filter.').waitFor();
    });
    await onWide('/captures', async (page) => {
      await page.getByRole('link', { name: 'shop/Deployment/checkout' }).first().click();
      assert.equal(await page.getByLabel('Workload').inputValue(), 'shop/Deployment/checkout');
    });
  });

  it('filter by a part of workload, alert and text, whatever its case, and say so where nothing matches', async () => {
    await onWide('/captures', async (page) => {
      const rows = async (): Promise<number> => page.locator('tbody tr').count();
      const filterBy = async (field: string, part: string): Promise<void> => {
        await page.goto(`${used.url}/captures`);
        await page.getByLabel(field, { exact: true }).fill(part);
        await page.getByRole('button', { name: 'Filter' }).click();
        await page.waitForURL(/\?/);
      };
      await filterBy('Workload', 'check');
      const checkouts = await rows();
      assert.ok(checkouts > 0 && checkouts < 30, `${checkouts} rows`);
      await filterBy('Alert', 'throttling');
      assert.deepEqual(
        new Set(await page.locator('td.alert').allInnerTexts()),
        new Set(['CPUThrottlingHigh']),
      );
      for (const [text, found] of [
        ['getconnection', /HikariPool\.getConnection/],
        ['connection to the target broke', /The connection to the target broke/],
        ['exec-disconnected', /The connection to the target broke/],
      ] as const) {
        await filterBy('Text', text);
        assert.ok((await rows()) > 0, text);
        for (const answer of await page.locator('td.answer').allInnerTexts()) assert.match(answer, found);
      }
      await filterBy('Text', '100%_sure');
      await page.getByText('No capture matches this filter.').waitFor();
    });
  });

  it('lead to older captures and back, and keep the filter on the way', async () => {
    const many = await startSeededPages(60);
    try {
      await open(`${many.url}/captures?text=e`, wide, async (page) => {
        const [first] = await page.locator('td.answer a').all();
        const newest = await first?.getAttribute('href');
        await page.getByRole('link', { name: 'Older captures' }).click();
        await page.waitForURL(/text=e&before=c-/);
        assert.equal(await page.getByRole('link', { name: 'Older captures' }).count(), 0);
        await page.getByRole('link', { name: 'Newest captures' }).click();
        await page.waitForURL(/text=e$/);
        assert.equal(await page.locator('td.answer a').first().getAttribute('href'), newest);
      });
    } finally {
      await many.stop();
    }
  });

  it('show the capture of an alert as soon as the alert has been seen', async () => {
    await onWide('/alerts/5a1f0c3d9b7e2846', async (page) => {
      await page.getByRole('heading', { name: 'This alert has not been seen yet.' }).waitFor();
      await page.evaluate(`window.before = true`);
      await used.fire('5a1f0c3d9b7e2846');
      await page.waitForURL(/\/captures\/c-/);
      await page.getByRole('heading', { name: 'Waiting for its turn.' }).waitFor();
    });
    await open(`${used.url}/alerts/ffffffff`, { ...wide, javaScriptEnabled: false }, async (page) => {
      assert.equal(await page.locator('noscript meta[http-equiv=refresh]').count(), 1);
    });
  });

  it('are cards on a phone: state and time, then the sentence as the largest, and a tap anywhere opens it', async () => {
    await open(`${used.url}/captures`, phone, async (page) => {
      const card = page.locator('tbody tr').nth(1);
      const place = async (name: string) => (await card.locator(`.${name}`).boundingBox())!;
      const [state, answer, workload] = [
        await place('state'),
        await place('answer'),
        await place('workload'),
      ];
      assert.ok(state.y < answer.y && answer.y < workload.y);
      const sizes = await page.evaluate<string[]>(
        `[...document.querySelectorAll('tbody tr:nth-child(2) td')].map((cell) => getComputedStyle(cell).fontSize)`,
      );
      assert.deepEqual(new Set(sizes), new Set(['12px', '16px']));
      await card.tap({ position: { x: 380 - 40, y: 8 } });
      await page.waitForURL(/\/captures\/c-/);
    });
  });

  it('explain on a fresh flamepin how to send the first alert, without filters', async () => {
    await open(`${fresh.url}/captures`, wide, async (page) => {
      assert.match(
        await page.locator('pre').innerText(),
        /^curl -X POST https:\/\/flamepin\.example\.com\/webhooks/,
      );
      assert.equal(await page.locator('form').count(), 0);
    });
  });

  it('say what fired, and lead to the runbook, the panel at that time and the query', async () => {
    await onWide(used.paths.done, async (page) => {
      const fired = page.locator('.fired');
      assert.match(await fired.innerText(), /^p99 of \/checkout is 1\.4 s · since \d\d:\d\d:\d\d UTC/);
      const href = async (name: string): Promise<URL> =>
        new URL((await fired.getByRole('link', { name }).getAttribute('href')) ?? '');
      assert.equal((await href('Runbook')).href, 'https://runbooks.example.com/high-latency');
      const panel = await href('Panel then');
      assert.equal(panel.origin + panel.pathname, 'https://grafana.example.com/d/shop');
      assert.equal(panel.searchParams.get('viewPanel'), '2');
      const [from, to] = ['from', 'to'].map((name) => Number(panel.searchParams.get(name)));
      assert.equal(to! - from!, 61 * 60_000 - 30_000);
      assert.match((await href('Explore')).href, /^https:\/\/prometheus\.example\.com\/graph/);
      await fired.getByText('Alert in full').click();
      await fired.getByText('Fires on p99_seconds > 0.5').waitFor();
    });
  });

  it('have the static picture where there is no script', async () => {
    await open(`${used.url}${used.paths.done}`, { ...wide, javaScriptEnabled: false }, async (page) => {
      const still = page.getByRole('img', { name: /^Flame graph of wall/ });
      assert.match(
        (await still.getAttribute('src')) ?? '',
        /^\/captures\/c-\w+\/flamegraph\.svg\?event=wall$/,
      );
      assert.ok((await page.evaluate<number>('document.images[0].naturalWidth')) > 0);
      assert.doesNotMatch(await page.locator('main').innerText(), /Reading the profile/);
    });
  });

  it('show what is still known of a capture whose pictures are gone', async () => {
    await onWide(used.paths.expired, async (page) => {
      assert.match(await page.locator('h1').innerText(), /61% waiting in HikariPool\.getConnection/);
      const text = await page.locator('main').innerText();
      assert.match(text, /passed their retention and were deleted/);
      assert.match(text, /OrderRepository\.find/);
      assert.equal(await page.locator('#picture').count(), 0);
      assert.equal(await page.getByRole('link', { name: 'SVG' }).count(), 0);
    });
    await onWide(`${used.paths.expired}/flamegraph.html`, async (page) => {
      const text = await page.locator('main').innerText();
      assert.match(text, /passed its retention/);
      assert.match(text, /61% waiting/);
    });
  });

  it('say why there is no profile, what to do, and where else to look', async () => {
    for (const [name, words] of [
      [
        'skipped',
        /Raise its memory limit[\s\S]*12 MB are left of 512 MB[\s\S]*Nothing was left in the target/,
      ],
      ['failed', /websocket closed with 1006[\s\S]*can be removed: \/tmp\/\.flamepin/],
    ] as const)
      await onWide(used.paths[name], async (page) => {
        assert.match(await page.locator('main').innerText(), words);
        const link = page.getByRole('link', { name: 'Pyroscope' });
        assert.match(
          (await link.getAttribute('href')) ?? '',
          /^https:\/\/pyroscope\.example\.com\/\?query=.*&from=\d+$/,
        );
      });
  });

  it('update until the capture has ended, and keep open what was opened', async () => {
    await onWide(used.paths.queued, async (page) => {
      await page.getByText('Timeline').click();
      await page.evaluate(`document.querySelector('h1').textContent = 'what an older page said'`);
      await page.getByRole('heading', { name: 'Waiting for its turn.' }).waitFor();
      assert.equal(await page.getByText('alert received').isVisible(), true);
    });
    await open(`${used.url}${used.paths.capturing}`, { ...wide, javaScriptEnabled: false }, async (page) => {
      assert.equal(await page.locator('noscript meta[http-equiv=refresh]').count(), 1);
    });
    await onWide(used.paths.failed, async (page) => {
      assert.equal(await page.locator('script[src="/follow.js"]').count(), 0);
    });
  });
});
