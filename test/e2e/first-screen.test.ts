import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { renderHtml } from '../../src/flamegraph/html.ts';
import type { View } from '../../src/flamegraph/view.ts';
import { profileOf } from '../given/profile.ts';
import { shopView, slowShop } from '../given/shop-profile.ts';
import {
  assertAccessible,
  assertFits,
  laptop,
  phone,
  ready,
  startShopPages,
  type ShopPages,
} from '../setup/shop-pages.ts';

/** With as much above the picture as a real capture has. */
const full: View = {
  ...shopView,
  headline:
    '61% of request time waits for a pooled connection (HikariPool.getConnection, called by OrderRepository.find); healthy: 3%',
  confidence: 'likely',
  lines: Array.from({ length: 7 }, (_, line) => `Line ${line} of the evidence, as long as such lines are.`),
  comparison: {
    ...shopView.comparison!,
    rows: Array.from({ length: 16 }, (_, row) => ({
      ...shopView.comparison!.rows[0]!,
      frame: `com.acme.shop.orders.OrderRepository.find${row}`,
      change: row < 6 ? 'more' : 'same',
      significant: row < 6,
    })),
  },
};

describe('the first screen of a capture', () => {
  let pages: ShopPages;
  before(async () => {
    pages = await startShopPages();
  });
  after(() => pages.stop());

  const file = async (): Promise<string> => pages.fileOf('full.html', await renderHtml(slowShop(), full));

  for (const [device, options, lowest] of [
    ['a laptop of 1280 × 800', laptop, 520],
    ['a phone of 390 × 844', phone, 844],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const)
      it(`shows what fired, the sentence, what to do, what changed and the top of the picture on ${device}, ${colorScheme}`, async () => {
        await pages.open(await file(), { ...options, colorScheme }, async (page) => {
          await ready(page);
          const bottomOf = async (name: string): Promise<number> => {
            const { y, height } = (await page.locator(name).first().boundingBox())!;
            return y + height;
          };
          const order = [];
          for (const name of [
            '.where',
            '.fired',
            'h1',
            '.next p',
            '#event-tabs',
            '.changed:visible tr:last-child',
          ])
            order.push(await bottomOf(name));
          order.push((await page.locator('#icicle').boundingBox())!.y);
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
          );
          const top = order.at(-1)!;
          assert.ok(top < lowest, `the picture begins at ${top} px`);
          await assertFits(page);
          await assertAccessible(page);
        });
      });

  it('folds what did not change, and the lines of the evidence but the first', async () => {
    await pages.open(await file(), laptop, async (page) => {
      await ready(page);
      assert.equal(await page.locator('.changed tbody tr:visible').count(), 4);
      assert.equal(await page.locator('.unchanged summary').innerText(), '2 more changed, 10 within noise');
      await page.locator('.unchanged summary').click();
      assert.equal(await page.locator('.changed tbody tr:visible').count(), 16);
      assert.equal(await page.locator('.lines li:visible').count(), 1);
      await page.locator('.further summary').click();
      assert.equal(await page.locator('.lines li:visible').count(), 8);
    });
  });

  it('says since when and on what the alert fires, with ways to look further', async () => {
    await pages.open(`${pages.origin}/shop`, laptop, async (page) => {
      const fired = page.locator('.fired');
      assert.match(
        await fired.innerText(),
        /^p99 of \/checkout is 1\.4 s, above 0\.5 s · since 02:08:05 UTC · /,
      );
      const links: (string | null)[] = [];
      for (const link of await fired.getByRole('link').all()) links.push(await link.getAttribute('href'));
      assert.deepEqual(
        links,
        shopView.fired!.links.map(({ url }) => url),
      );
      await fired.getByText('Alert in full').click();
      await fired.getByText(/^Fires on histogram_quantile.*> 0\.5$/).waitFor();
    });
  });

  it('has the reader’s own time beside UTC', async () => {
    await pages.open(`${pages.origin}/shop`, { ...laptop, timezoneId: 'Asia/Kolkata' }, async (page) => {
      await ready(page);
      assert.match(
        await page.locator('.where').innerText(),
        /2026-03-03 02:14:07–02:14:37 UTC \(07:44:07–07:44:37 your time\)/,
      );
      assert.match(await page.locator('.fired').innerText(), /since 02:08:05 UTC \(07:38:05 your time\)/);
    });
    await pages.open(`${pages.origin}/shop`, { ...laptop, timezoneId: 'UTC' }, async (page) => {
      await ready(page);
      assert.doesNotMatch(await page.locator('.where').innerText(), /your time/);
    });
  });

  it('is copied for a chat: sentence, what fired, what to do, and the link to what is shown', async () => {
    for (const permissions of [['clipboard-read', 'clipboard-write'], ['clipboard-read']])
      await pages.open(`${pages.origin}/shop#event=cpu`, { ...laptop, permissions }, async (page) => {
        await ready(page);
        if (permissions.length === 1)
          await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
        await page.getByRole('button', { name: 'Copy for chat' }).click();
        await page.getByRole('button', { name: 'Copied' }).waitFor();
        await page.locator('#search').focus();
        await page.keyboard.press('Control+v');
        const pasted = await page.locator('#search').inputValue();
        assert.equal(
          pasted,
          [
            'HighLatency checkout: wall: 61% waiting in HikariPool.getConnection',
            'p99 of /checkout is 1.4 s, above 0.5 s',
            'Next: Look at what holds the 10 connections: OrderRepository.find, 180 ms each.',
            `${pages.origin}/shop#event=cpu`,
          ].join(' '),
        );
      });
  });

  it('has the rows of what changed in the event that is looked at', async () => {
    await pages.open(`${pages.origin}/shop`, laptop, async (page) => {
      await ready(page);
      const rows = async (): Promise<string[]> =>
        (await page.locator('.changed tbody th:visible button').allInnerTexts()).map(
          (text) => text.split(/\s/)[0]!,
        );
      assert.deepEqual(await rows(), [
        'HikariPool.getConnection',
        'OrderRepository.find',
        'CheckoutService.price',
      ]);
      await page.getByRole('tab', { name: /^cpu/ }).click();
      assert.deepEqual(await rows(), ['RuleSet.scan', 'JdbcTemplate.query']);
      await page.getByRole('tab', { name: /^lock/ }).click();
      assert.deepEqual(await rows(), []);
      await page.getByRole('heading', { name: 'Nothing changed beyond noise in lock' }).waitFor();
      await page.getByRole('tab', { name: /^alloc/ }).click();
      assert.equal(await page.locator('.changed:visible').count(), 0);
    });
  });

  it('walks all places of a row, up and down, and tells which it is', async () => {
    const query = 'org/springframework/jdbc/core/JdbcTemplate.query';
    const profile = profileOf([
      { stack: `com/acme/shop/OrderController.list;${query};java/net/Socket.read`, count: 600 },
      { stack: `com/acme/shop/CartController.show;${query};java/net/Socket.read`, count: 399 },
      // 1,240 px wide, a thousandth is too narrow to be read.
      { stack: `com/acme/shop/AdminController.audit;${query};java/net/Socket.read`, count: 1 },
    ]);
    const view: View = { ...shopView, event: 'cpu' };
    await pages.open(
      await pages.fileOf('places.html', await renderHtml(profile, view)),
      laptop,
      async (page) => {
        await ready(page);
        const row = page.locator('.changed tr', { hasText: 'JdbcTemplate.query' });
        const caller = async (): Promise<string> => {
          await page.locator('#icicle').focus();
          await page.keyboard.press('ArrowUp');
          return (await page.locator('.frame-name').textContent()) ?? '';
        };
        await row.getByRole('button').click();
        await row.getByText('1 of 3').waitFor();
        assert.match(page.url(), /match=1/);
        await page.keyboard.press('ArrowDown');
        await row.getByText('2 of 3').waitFor();
        await page.keyboard.press('ArrowDown');
        await row.getByText('3 of 3').waitFor();
        await page.waitForURL(/zoom=/);
        const shared = page.url();
        assert.match(await caller(), /AdminController\.audit$/);
        await row.getByRole('button').focus();
        await page.keyboard.press('ArrowUp');
        await row.getByText('2 of 3').waitFor();
        assert.match(await caller(), /AdminController\.audit|CartController\.show/);
        // Who opens the link is at the same place.
        await page.goto('about:blank');
        await page.goto(shared);
        await ready(page);
        await page.locator('.walk').getByText('3 of 3').waitFor();
        assert.match((await page.locator('.frame-name').textContent()) ?? '', /JdbcTemplate\.query$/);
      },
    );
  });
});
