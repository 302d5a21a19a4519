import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../setup/browser.ts';
import { startSeededServe, type SeededServe } from '../setup/seeded-serve.ts';
import { assertAccessible, assertFits, laptop, phone } from '../setup/shop-pages.ts';

/** Whoever finds no profile looks at the list first: it says what holds captures back, and has the way out. */
describe('the list of captures, while something holds them back', () => {
  const closing = new AsyncDisposableStack();
  let seeded: SeededServe;
  let browser: Browser;
  before(async () => {
    seeded = await startSeededServe(30);
    closing.defer(() => seeded.stop());
    browser = await startBrowser();
    closing.defer(() => browser.close());
  });
  after(() => closing.disposeAsync());

  const send = async (path: string): Promise<void> => {
    const response = await fetch(seeded.flamepin.url + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${seeded.token}` },
      signal: AbortSignal.timeout(30_000),
    });
    assert.equal(response.status, 200);
  };

  async function onList(options: typeof laptop, act: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      await page.goto(`${seeded.flamepin.url}/captures`);
      await act(page);
    } finally {
      await context.close();
    }
  }

  const paused = (page: Page) => page.getByRole('region', { name: 'Captures are paused' });

  it('says nothing of a pause while there is none', async () => {
    await onList(laptop, async (page) => assert.equal(await paused(page).count(), 0));
  });

  for (const [device, options] of [
    ['a laptop', { ...laptop, colorScheme: 'light' }],
    ['a phone at night', { ...phone, colorScheme: 'dark' }],
  ] as const)
    it(`says that captures are paused, and resumes them with the token, on ${device}`, async () => {
      await send('/pause');
      await onList(options, async (page) => {
        const banner = paused(page);
        assert.match(await banner.innerText(), /curl -X POST .*\/resume, or send SIGUSR1/s);
        await assertFits(page);
        await assertAccessible(page);
        await banner.getByLabel('Captures token').fill('a wrong one');
        await banner.getByLabel('Captures token').press('Enter');
        await banner.getByText('This is not the captures token.').waitFor();
        await banner.getByLabel('Captures token').fill(seeded.token);
        await banner.getByRole('button', { name: 'Resume' }).click();
        await banner.waitFor({ state: 'detached' });
        assert.doesNotMatch(page.url(), /token/);
      });
    });

  it('tells by the command alone where there is no script', async () => {
    await send('/pause');
    await onList({ ...laptop, javaScriptEnabled: false }, async (page) => {
      assert.equal(await paused(page).getByRole('button').count(), 0);
      await paused(page).getByText('SIGUSR1').waitFor();
    });
    await send('/resume');
  });

  it('names what is blocked and why, and releases it with the token', async () => {
    await onList(laptop, async (page) => {
      const blocked = page.getByRole('region', { name: 'Blocked from profiling' });
      await blocked.locator('summary').click();
      const entries = blocked.getByRole('listitem');
      const before = await entries.count();
      assert.ok(before > 1, `${before} blocks`);
      await assertFits(page);
      await assertAccessible(page);
      const first = entries.first();
      assert.match(await first.innerText(), /the pod restarted 40 s after its window/);
      const key = await first.locator('code').first().innerText();
      await first.getByLabel('Captures token').fill(seeded.token);
      await first.getByRole('button', { name: 'Release' }).click();
      await page.waitForFunction(
        `![...document.querySelectorAll('.held code')].some(({ textContent }) => textContent === ${JSON.stringify(key)})`,
      );
      await blocked.locator('summary').click();
      assert.equal(await entries.count(), before - 1);
    });
  });
});
