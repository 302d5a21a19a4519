import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { renderHtml } from '../../src/flamegraph/html.ts';
import { profileOf } from '../given/profile.ts';
import { shopView } from '../given/shop-profile.ts';
import { phone, ready, rowHeight, startShopPages, wide, type ShopPages } from '../setup/shop-pages.ts';

/** Calls that lie deeper than one screen. */
const deep = profileOf([
  {
    stack: Array.from({ length: 90 }, (_, depth) => `com/acme/shop/Level${depth}.call`).join(';'),
    count: 100,
  },
]);

describe('a link to a place of the flame graph', () => {
  let pages: ShopPages;
  before(async () => {
    pages = await startShopPages();
  });
  after(() => pages.stop());

  /** Where the selected or zoomed row is on the screen. */
  const rowOnScreen = async (page: Page, row: number, high: number): Promise<number> =>
    (await page.locator('#icicle').boundingBox())!.y + row * high;

  for (const [device, options, high] of [
    ['a laptop', wide, rowHeight.wide],
    ['a phone', phone, rowHeight.phone],
  ] as const)
    it(`opens where the sharer was, and not at the top of the page, on ${device}`, async () => {
      const file = await pages.fileOf(
        `deep-${high}.html`,
        await renderHtml(deep, { ...shopView, event: 'cpu', comparison: null }),
      );
      let shared = '';
      await pages.open(file, options, async (page) => {
        await ready(page);
        await page.locator('#icicle').focus();
        // Row 0 is the whole, row 1 the threads.
        for (let row = 0; row < 81; row += 1) await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        await page.waitForURL(/zoom=/);
        shared = page.url();
      });
      await pages.open(shared, options, async (page) => {
        await ready(page);
        const y = await rowOnScreen(page, 80, high);
        assert.ok(y > 0 && y < options.viewport!.height, `the row is at ${y} px`);
      });
      await pages.open(`${file}#search=Level80`, options, async (page) => {
        await ready(page);
        const y = await rowOnScreen(page, 82, high);
        assert.ok(y > 0 && y < options.viewport!.height, `what is searched is at ${y} px`);
      });
    });

  it('takes the event from ?event=, as the other links of a capture have it', async () => {
    await pages.open(`${pages.origin}/shop?event=alloc`, wide, async (page) => {
      await ready(page);
      await page.getByRole('tab', { name: /^alloc/, selected: true }).waitFor();
      await page.getByRole('tab', { name: /^cpu/ }).click();
      await page.waitForURL(/\?event=alloc#event=cpu$/);
    });
    await pages.open(`${pages.origin}/shop?event=teapot`, wide, async (page) => {
      await ready(page);
      await page.getByRole('tab', { name: /^wall/, selected: true }).waitFor();
    });
  });
});

describe('the flame graph', () => {
  let pages: ShopPages;
  before(async () => {
    pages = await startShopPages();
  });
  after(() => pages.stop());

  it('offers callers of code alone: not of threads, folds, idle threads or the whole', async () => {
    await pages.open(`${pages.origin}/shop`, wide, async (page) => {
      await ready(page);
      const callers = page.locator('.frame-actions').getByRole('button', { name: 'Callers' });
      await page.locator('#icicle').focus();
      const told: [string, number][] = [];
      for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Home', 'ArrowDown', 'ArrowRight']) {
        await page.keyboard.press(key);
        told.push([(await page.locator('.frame-name').textContent()) ?? '', await callers.count()]);
      }
      assert.deepEqual(told, [
        ['all', 0],
        ['http-nio-8080-exec-*', 0],
        ['6 methods between application frames', 0],
        ['com.acme.shop.OrderController.list', 1],
        ['all', 0],
        ['http-nio-8080-exec-*', 0],
        ['idle threads', 0],
      ]);
    });
  });

  it('says what little there is of a lock, and not 0.000', async () => {
    const profile = profileOf([
      { stack: 'com/acme/shop/Basket.lock', event: 'lock', count: 3, value: 7e6 },
      { stack: 'com/acme/shop/Basket.add', event: 'cpu', count: 3, value: 1e6 },
    ]);
    const view = { ...shopView, comparison: null };
    await pages.open(
      await pages.fileOf('little.html', await renderHtml(profile, view)),
      wide,
      async (page) => {
        await ready(page);
        assert.match(
          (await page.getByRole('tab', { name: /^lock/ }).textContent()) ?? '',
          /^lock 0\.23 ms\/s$/,
        );
        assert.match(
          (await page.getByRole('tab', { name: /^cpu/ }).textContent()) ?? '',
          /^cpu <0\.001 cores$/,
        );
      },
    );
  });

  it('shows which tab is chosen where the reader’s own colours are in force', async () => {
    await pages.open(`${pages.origin}/shop`, { ...wide, forcedColors: 'active' }, async (page) => {
      await ready(page);
      const look = (name: string): Promise<string> =>
        page.evaluate<string>(
          `(({ backgroundColor, borderBottomColor }) => backgroundColor + ' ' + borderBottomColor)(
            getComputedStyle(document.querySelector('${name}')))`,
        );
      assert.notEqual(
        await look('[role=tab][aria-selected=true]'),
        await look('[role=tab][aria-selected=false]'),
      );
      assert.notEqual(
        await look('.choice button[aria-pressed=true]'),
        await look('.choice button[aria-pressed=false]'),
      );
    });
  });

  it('is printed on white, all of it, also from a dark screen', async () => {
    const file = await pages.fileOf(
      'printed.html',
      await renderHtml(deep, { ...shopView, event: 'cpu', comparison: null }),
    );
    await pages.open(file, { ...wide, colorScheme: 'dark' }, async (page) => {
      await ready(page);
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      assert.equal(paper, 'rgb(255, 255, 255)');
      await page.waitForFunction(`(() => {
        const canvas = document.querySelector('.icicle canvas');
        const whole = document.getElementById('icicle').getBoundingClientRect().height;
        const [red] = canvas.getContext('2d').getImageData(2, 2, 1, 1).data;
        return canvas.getBoundingClientRect().height === whole && red > 200;
      })()`);
    });
  });
});
