import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { renderHtml } from '../../src/flamegraph/html.ts';
import type { View } from '../../src/flamegraph/view.ts';
import { profileOf } from '../given/profile.ts';
import { shopView } from '../given/shop-profile.ts';
import {
  assertAccessible,
  assertFits,
  laptop,
  phone,
  ready,
  startShopPages,
  type ShopPages,
} from '../setup/shop-pages.ts';

const plain: View = { ...shopView, event: 'cpu', comparison: null };

/** What a developer who stays in the page expects of a viewer. */
describe('the tools of the flame graph', () => {
  let pages: ShopPages;
  before(async () => {
    pages = await startShopPages();
  });
  after(() => pages.stop());

  const cpu = (): string => `${pages.origin}/plain`;
  const rows = async (page: Page): Promise<string[]> =>
    (await page.locator('#methods tbody tr').allInnerTexts()).map((text) =>
      text.replaceAll(/\s+/g, ' ').trim(),
    );

  it('list every method by total and by self, narrowed by the search, and lead to its callers', async () => {
    await pages.open(`${cpu()}#fold=0`, laptop, async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'table', exact: true }).click();
      await page.waitForURL(/view=table/);
      assert.match((await rows(page))[0]!, /^java\.lang\.Thread\.run 89% 1,160 samples 0% 0 samples$/);
      await page.getByRole('button', { name: /^self/ }).click();
      await page.waitForURL(/sort=self/);
      assert.match((await rows(page))[0]!, /^java\.util\.HashMap\.getNode 32% 420 samples 32% 420 samples$/);
      assert.equal(await page.locator('#methods th[aria-sort=descending]').innerText(), 'self ▼');
      await assertAccessible(page);
      await page.getByRole('searchbox').fill('ruleset');
      await page.waitForURL(/search=ruleset/);
      assert.deepEqual(
        (await rows(page)).map((row) => row.split(' ')[0]),
        ['com.acme.shop.rules.RuleSet.scan'],
      );
      await page.reload();
      await ready(page);
      assert.equal((await rows(page)).length, 1);
      await page.locator('#methods tbody button').focus();
      await page.keyboard.press('Enter');
      await page.waitForURL(/view=sandwich/);
      await page.getByText('Callers above, callees below: com.acme.shop.rules.RuleSet.scan').waitFor();
      await page.goBack();
      await page.locator('#methods tbody tr').waitFor();
    });
  });

  it('walk the methods by arrow keys, on a phone too they fit', async () => {
    await pages.open(`${cpu()}#view=table`, phone, async (page) => {
      await ready(page);
      await assertFits(page);
      await page.locator('#methods tbody button').first().focus();
      await page.keyboard.press('ArrowDown');
      assert.equal(
        await page.evaluate('document.activeElement.textContent'),
        await page.locator('#methods tbody button').nth(1).textContent(),
      );
    });
  });

  it('go to the next match with Enter and back with Shift-Enter, round at the ends', async () => {
    await pages.open(`${cpu()}#fold=0`, laptop, async (page) => {
      await ready(page);
      const field = page.getByRole('searchbox');
      const place = page.locator('.walk .place');
      await field.fill('/(scan|price|writeValue)$/');
      await field.press('Enter');
      await page.getByText('1 of 3').waitFor();
      await field.focus();
      await field.press('Enter');
      await page.waitForURL(/match=2/);
      await field.press('Enter');
      await page.waitForURL(/match=3/);
      assert.match((await page.locator('.frame-name').textContent()) ?? '', /writeValue$/);
      await field.press('Enter');
      assert.equal(await place.textContent(), '1 of 3');
      await field.press('Shift+Enter');
      assert.equal(await place.textContent(), '3 of 3');
      await page.getByRole('button', { name: 'Previous place' }).click();
      assert.equal(await place.textContent(), '2 of 3');
      await page.locator('#icicle').focus();
      await page.keyboard.press('n');
      assert.equal(await place.textContent(), '3 of 3');
    });
  });

  /** Selects a box by its name, through the search. */
  async function select(page: Page, name: string): Promise<void> {
    await page.getByRole('searchbox').fill(name);
    await page.getByRole('searchbox').press('Enter');
    await page.locator('.frame-actions').waitFor();
  }

  it('take a method out of the picture, look at one alone, and bring all back', async () => {
    await pages.open(`${cpu()}#fold=0`, laptop, async (page) => {
      await ready(page);
      await select(page, 'RuleSet.scan');
      await page.locator('.frame-actions').getByRole('button', { name: 'Remove' }).click();
      await page.waitForURL(/remove=com\.acme/);
      await page.locator('.restrictions').getByText('without com.acme.shop.rules.RuleSet.scan').waitFor();
      await page.getByText('no samples').or(page.getByText('0% matched')).waitFor();
      await page.reload();
      await ready(page);
      await page.getByRole('button', { name: /^Show again: without/ }).click();
      await page.waitForURL((url) => !url.hash.includes('remove'));
      await page.getByText('48% matched').waitFor();
      await select(page, 'OrderController.list');
      await page.locator('.frame-actions').getByRole('button', { name: 'Focus' }).click();
      await page.waitForURL(/focus=/);
      await page.getByText('100% matched').waitFor();
      await page.getByRole('button', { name: 'Reset' }).click();
      await page.waitForURL((url) => !/focus|search/.test(url.hash));
    });
  });

  it('turn the picture inside out: what runs itself on top, its callers below', async () => {
    await pages.open(`${cpu()}#view=inverted`, laptop, async (page) => {
      await ready(page);
      await page.getByText('The picture as a table').click();
      const first = page.locator('#frame-table tbody tr', { hasText: 'HashMap.getNode' });
      assert.match((await first.innerText()).replaceAll(/\s+/g, ' '), /getNode 1 32%/);
      await page.locator('#frame-table tbody tr', { hasText: 'HashMap.get' }).first().waitFor();
      await first.getByRole('button').click();
      await page.waitForURL(/view=inverted/);
      await page.waitForURL(/zoom=/);
    });
  });

  it('make one box of recursion, also through others', async () => {
    const deep = profileOf([
      {
        stack: `${Array.from({ length: 200 }, () => 'com/acme/Tree.walk;com/acme/Node.visit').join(';')};com/acme/Leaf.read`,
        count: 10,
      },
    ]);
    await pages.open(
      await pages.fileOf('recursion.html', await renderHtml(deep, plain)),
      laptop,
      async (page) => {
        await ready(page);
        const high = async (): Promise<number> => (await page.locator('#icicle').boundingBox())!.height;
        assert.equal(await high(), 403 * 18);
        await page.getByText('More', { exact: true }).click();
        await page.getByLabel('merge recursion').check();
        await page.waitForURL(/merge=1/);
        assert.equal(await high(), 5 * 18);
      },
    );
  });

  it('look at the threads of one group alone', async () => {
    await pages.open(cpu(), laptop, async (page) => {
      await ready(page);
      await page.getByText('More', { exact: true }).click();
      const threads = page.getByLabel('Threads');
      assert.match(
        (await threads.locator('option').allInnerTexts()).join(),
        /^all,http-nio-8080-exec-\* · 89%/,
      );
      await threads.selectOption('GC Thread#*');
      await page.waitForURL(/thread=GC/);
      await page.getByText('only threads GC Thread#*').waitFor();
      await page.getByText('The picture as a table').click();
      await page.locator('#frame-table tbody tr', { hasText: 'GangWorker::loop' }).waitFor();
      assert.doesNotMatch(await page.locator('#frame-table tbody').innerText(), /Checkout/);
      await assertAccessible(page);
    });
  });

  it('look at a part of the window that is dragged over, and at all of it after a click', async () => {
    await pages.open(cpu(), laptop, async (page) => {
      await ready(page);
      const { x, y, width, height } = (await page.locator('#strip canvas').boundingBox())!;
      // The compiler ran in the first ten seconds of thirty, the scan from the fifth to the twentieth.
      await page.mouse.move(x + width * 0.75, y + height / 2);
      await page.mouse.down();
      await page.mouse.move(x + width * 0.8, y + height / 2);
      await page.mouse.move(x + width * 0.999, y + height / 2);
      await page.mouse.up();
      await page.waitForURL(/time=45-60/);
      await page.getByText('only 02:14:29–02:14:37 UTC').waitFor();
      await page.getByText('The picture as a table').click();
      await page.locator('#frame-table tbody tr', { hasText: 'MVMap.get' }).waitFor();
      assert.doesNotMatch(await page.locator('#frame-table tbody').innerText(), /RuleSet|C2Compiler/);
      await page.mouse.click(x + width / 2, y + height / 2);
      await page.waitForURL((url) => !url.hash.includes('time'));
      await page.locator('#frame-table tbody tr', { hasText: 'RuleSet.scan' }).waitFor();
    });
  });

  it('colour by package, with text that can be read, and keep that in the address', async () => {
    for (const colorScheme of ['light', 'dark'] as const)
      await pages.open(`${cpu()}#colour=package`, { ...laptop, colorScheme }, async (page) => {
        await ready(page);
        await page.getByText('More', { exact: true }).click();
        assert.equal(await page.getByLabel('colour by package').isChecked(), true);
        await page.getByText('com.acme.shop', { exact: true }).waitFor();
        await assertAccessible(page);
      });
  });

  it('copy the full name of a frame', async () => {
    await pages.open(
      cpu(),
      { ...laptop, permissions: ['clipboard-read', 'clipboard-write'] },
      async (page) => {
        await ready(page);
        await select(page, 'RuleSet.scan');
        await page.getByRole('button', { name: 'Copy name' }).click();
        await page.getByRole('button', { name: 'Copied' }).waitFor();
        assert.equal(
          await page.evaluate('navigator.clipboard.readText()'),
          'com.acme.shop.rules.RuleSet.scan',
        );
      },
    );
  });

  it('use the whole width of a 4K screen', async () => {
    await pages.open(`${pages.origin}/shop`, { viewport: { width: 3840, height: 2160 } }, async (page) => {
      await ready(page);
      assert.ok((await page.locator('#icicle').boundingBox())!.width > 3700);
      await assertFits(page);
    });
  });

  it('never leave a tip that is about a box that has moved', async () => {
    await pages.open(cpu(), laptop, async (page) => {
      await ready(page);
      const { x, y, width } = (await page.locator('#icicle').boundingBox())!;
      await page.mouse.move(x + width * 0.1, y + 3 * 18 + 9);
      await page.locator('.tip').waitFor();
      await page.mouse.click(x + width * 0.1, y + 3 * 18 + 9);
      await page.waitForURL(/zoom=/);
      await page.locator('.tip').waitFor({ state: 'hidden' });
    });
  });
});
