import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { renderHtml } from '../../src/flamegraph/html.ts';
import { renderDifferenceSvg, renderSvg, type DifferenceSvgOptions } from '../../src/flamegraph/svg.ts';
import type { View } from '../../src/flamegraph/view.ts';
import { compareProfiles } from '../../src/profile/comparison/compare.ts';
import { printableName } from '../../src/profile/frame.ts';
import { hostileNames, hostileProfile } from '../given/hostile-profile.ts';
import { largeProfile } from '../given/large-profile.ts';
import { profileOf } from '../given/profile.ts';
import { healthyShop, shopView, slowShop } from '../given/shop-profile.ts';
import {
  assertAccessible,
  assertFits,
  hostileView,
  inPicture,
  phone,
  ready,
  rowHeight,
  startShopPages,
  wide,
  type ShopPages,
} from '../setup/shop-pages.ts';

describe('the flame graph in a browser', () => {
  let pages: ShopPages;
  let origin: string;

  before(async () => {
    pages = await startShopPages();
    ({ origin } = pages);
  });
  after(() => pages.stop());

  const open: ShopPages['open'] = (url, options, act) => pages.open(url, options, act);
  const fileOf: ShopPages['fileOf'] = (name, text) => pages.fileOf(name, text);

  it('reads without script: sentence, what changed, links', async () => {
    await open(`${origin}/shop`, { ...wide, javaScriptEnabled: false }, async (page) => {
      assert.equal(await page.locator('h1').textContent(), shopView.headline);
      assert.equal(await page.locator('.changed:visible tbody tr').count(), 3);
      await page.getByText('p99 of /checkout is 1.4 s').waitFor();
      await page.getByText('Look at what holds the 10 connections').waitFor();
      await page.getByRole('link', { name: 'Runbook' }).waitFor();
      await page.getByRole('link', { name: 'the static one' }).waitFor();
    });
  });

  it('fetches the profile once, alongside the script', async () => {
    const context = await pages.browser.newContext(wide);
    try {
      const page = await context.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      const profile = page.waitForRequest('**/slow/profile.json');
      await page.route('**/page.js', async (route) => {
        await profile;
        await route.continue();
      });
      await page.goto(`${origin}/plain`);
      await ready(page);
      assert.equal(asked.filter((path) => path === '/slow/profile.json').length, 1);
    } finally {
      await context.close();
    }
  });

  it('zooms by mouse, keeps the zoom in the address, and goes back', async () => {
    await open(`${origin}/shop`, wide, async (page) => {
      await ready(page);
      const { x, y } = await inPicture(page, 3, 0.05, rowHeight.wide);
      await page.mouse.click(x, y);
      await page.waitForURL(/#zoom=[0-9a-f]+$/);
      const zoomed = page.url();
      assert.match((await page.locator('.frame-name').textContent())!, /CheckoutController\.checkout$/);
      await page.reload();
      await ready(page);
      assert.equal(page.url(), zoomed);
      await page.goBack();
      await page.waitForURL(`${origin}/shop`);
      await page.locator('.controls .quiet').waitFor({ state: 'hidden' });
    });
  });

  it('searches text and expressions, shows the matched share, and keeps the search in the address', async () => {
    await open(`${origin}/shop#event=cpu`, wide, async (page) => {
      await ready(page);
      await page.keyboard.press('/');
      await page.keyboard.type('/ruleset\\.sc.n$/');
      await page.getByText('48% matched').waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/search=%2Fruleset/);
      assert.equal(await page.locator('.frame-name').textContent(), 'com.acme.shop.rules.RuleSet.scan');
      assert.equal(await page.evaluate('document.activeElement.id'), 'icicle');
    });
  });

  it('keeps what is being typed while the picture is redrawn', async () => {
    await open(`${origin}/plain`, wide, async (page) => {
      await ready(page);
      // In one task, so that no pause in typing can come in between.
      await page.evaluate(
        `(() => { const field = document.getElementById('search'); field.focus(); field.value = 'scan';
          field.dispatchEvent(new Event('input')); document.getElementById('fold').click(); })()`,
      );
      await page.getByText('48% matched').waitFor();
      assert.equal(await page.getByRole('searchbox').inputValue(), 'scan');
    });
  });

  it('keeps the search field in step: after Escape, Reset and Back', async () => {
    await open(`${origin}/plain`, wide, async (page) => {
      await ready(page);
      const field = page.getByRole('searchbox');
      await field.fill('scan');
      await field.press('Escape');
      assert.equal(await field.inputValue(), '');
      await field.fill('price');
      await page.waitForURL(/search=price/);
      await page.getByRole('button', { name: 'Reset' }).click();
      assert.equal(await field.inputValue(), '');
      await page.goBack();
      await page.waitForURL(/search=price/);
      await page.waitForFunction('document.getElementById("search").value === "price"');
    });
  });

  it('works by keyboard alone: arrows, Enter, Escape', async () => {
    await open(`${origin}/shop#event=cpu`, wide, async (page) => {
      await ready(page);
      await page.locator('#icicle').focus();
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
      assert.match(
        (await page.locator('#spoken').textContent())!,
        /^com\.acme\.shop\.CheckoutController\.checkout · 55%/,
      );
      await page.keyboard.press('ArrowRight');
      assert.match((await page.locator('#spoken').textContent())!, /OrderController\.list/);
      await page.keyboard.press('Enter');
      await page.waitForURL(/zoom=/);
      await page.keyboard.press('ArrowUp');
      // Once is enough, however deep it was.
      await page.keyboard.press('Escape');
      await page.waitForURL((url) => !url.hash.includes('zoom'));
    });
  });

  it('switches events by tabs that show each total', async () => {
    await open(`${origin}/shop`, wide, async (page) => {
      await ready(page);
      assert.deepEqual(await page.getByRole('tab').allTextContents(), [
        'cpu 0.44 cores',
        'wall 4.98 threads',
        'alloc 210 MB/s',
        'lock 3.10 s/s',
      ]);
      await page.getByRole('tab', { selected: true }).focus();
      await page.keyboard.press('ArrowRight');
      await page.waitForURL(/event=alloc/);
      await page.goBack();
      await page.getByRole('tab', { name: /^wall/, selected: true }).waitFor();
    });
  });

  it('has a tab showing 0 for a leading event that was never seen', async () => {
    const uncontended = slowShop();
    delete uncontended.events.lock;
    const view: View = { ...shopView, event: 'lock', comparison: null };
    const file = await fileOf('uncontended.html', await renderHtml(uncontended, view));
    await open(file, wide, async (page) => {
      await ready(page);
      assert.equal(await page.getByRole('tab', { selected: true }).textContent(), 'lock 0 s/s');
      assert.match((await page.locator('#strip').textContent())!, /lock: nothing in this window/);
      await page.getByRole('tab', { selected: true }).focus();
      await page.keyboard.press('ArrowLeft');
      await page.getByRole('tab', { name: /^alloc/, selected: true }).waitFor();
    });
  });

  it('opens with the leading event where a link names one that was not recorded', async () => {
    await open(`${origin}/shop#event=live`, wide, async (page) => {
      await ready(page);
      await page.getByRole('tab', { name: /^wall/, selected: true }).waitFor();
    });
  });

  it('shows callers and callees of a frame', async () => {
    await open(`${origin}/shop#event=cpu`, wide, async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'sandwich' }).click();
      await page.waitForURL(/view=sandwich/);
      assert.equal(
        await page.locator('#frame-detail').textContent(),
        'Callers above, callees below: com.acme.shop.CheckoutService.price',
      );
      assert.match((await page.locator('#strip').textContent())!, /CheckoutService\.price over time/);
      await page.getByText('The picture as a table').click();
      for (const name of [/StandardWrapperValve\.invoke$/, /HashMap\.getNode$/])
        await page.locator('#frame-table tbody th', { hasText: name }).first().waitFor();
      await page.goBack();
      await page.waitForURL((url) => !url.hash.includes('sandwich'));
    });
  });

  it('shows callers and callees also where no code of the application is in the profile', async () => {
    const profile = profileOf([
      { stack: 'start_thread_[n];Thread::run_[c];os::malloc_[c];brk_[k]', count: 30 },
      { stack: 'start_thread_[n];Thread::run_[c];os::malloc_[c]', count: 50 },
      { stack: 'start_thread_[n];GangWorker::loop_[c]', count: 20 },
    ]);
    const view: View = { ...shopView, event: 'cpu', comparison: null };
    await open(await fileOf('native.html', await renderHtml(profile, view)), wide, async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'sandwich' }).click();
      assert.equal(
        await page.locator('#frame-detail').textContent(),
        'Callers above, callees below: start_thread',
      );
      await page.getByText('The picture as a table').click();
      await page.locator('#frame-table tbody th', { hasText: 'os::malloc' }).waitFor();
    });
  });

  it('scrolls the frame between callers and callees into view, on a phone too', async () => {
    await open(`${origin}/shop#event=cpu`, phone, async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'sandwich' }).tap();
      const { y } = (await page.locator('#icicle').boundingBox())!;
      // Eight rows of callers are above it.
      const middle = y + 8.5 * rowHeight.phone;
      assert.ok(middle > 0 && middle < phone.viewport!.height, `the frame is at ${middle} px`);
    });
  });

  it('shows the same in a table, whose frames zoom too', async () => {
    await open(`${origin}/plain`, wide, async (page) => {
      await ready(page);
      await page.getByText('The picture as a table').click();
      const row = page.locator('#frame-table tbody tr', { hasText: 'RuleSet.scan' });
      assert.match((await row.textContent())!, /548%0%630 samples/);
      await row.getByRole('button').click();
      await page.waitForURL(/zoom=/);
    });
  });

  it('leads from a row of what changed to its frame in the picture', async () => {
    await open(`${origin}/shop`, wide, async (page) => {
      await ready(page);
      await page.getByRole('tab', { name: /^cpu/ }).click();
      await page
        .locator('.changed')
        .getByRole('button', { name: /RuleSet/ })
        .click();
      await page.waitForURL(/search=/);
      assert.equal(await page.locator('.frame-name').textContent(), 'com.acme.shop.rules.RuleSet.scan');
    });
  });

  it('leads from a row to exactly its frame, not to a wider one with a longer name', async () => {
    const endless = `com/acme/shop/${'Generated'.repeat(60)}.run`;
    const profile = profileOf([
      { stack: 'java/lang/Thread.run;com/acme/shop/Orders.find', count: 20 },
      { stack: 'java/lang/Thread.run;com/acme/shop/Orders.findAll', count: 60 },
      { stack: `java/lang/Thread.run;${endless}`, count: 10 },
      { stack: 'java/lang/Thread.run;com/acme/shop/Tab\tbed.run', count: 10 },
      { stack: 'start_thread_[n];GangWorker::loop_[c];G1ParTask::work_[c]', count: 60 },
      {
        stack: 'start_thread_[n];CompileBroker::compiler_thread_loop_[c];C2Compiler::compile_method_[c]',
        count: 40,
      },
    ]);
    const wanted: [row: string, name: RegExp, share: string][] = [
      ['com.acme.shop.Orders.find', /^com\.acme\.shop\.Orders\.find$/, '10%'],
      [printableName(endless.replaceAll('/', '.')), /^com\.acme\.shop\.Gen.*run$/, '5.0%'],
      [printableName('com.acme.shop.Tab\tbed.run'), /^com\.acme\.shop\.Tab.bed\.run$/, '5.0%'],
      ['garbage collection', /^GangWorker::loop$/, '30%'],
      ['JIT compilation', /^CompileBroker::compiler_thread_loop$/, '20%'],
    ];
    const topFrames = wanted.map(([name]) => ({ name, share: 0.1 }));
    const view: View = { ...shopView, event: 'cpu', comparison: null, topFrames };
    const file = await fileOf('rows.html', await renderHtml(profile, view));
    await open(file, wide, async (page) => {
      await ready(page);
      await page.locator('.unchanged summary').click();
      for (const [index, [, name, share]] of wanted.entries()) {
        await page.locator('.changed tbody button').nth(index).click();
        await page.getByText(`${share} matched`).waitFor();
        assert.match((await page.locator('.frame-name').textContent())!, name);
      }
      await page.reload();
      await ready(page);
      await page.getByText('20% matched').waitFor();
    });
  });

  it('colours the difference to the baseline, and puts it in words', async () => {
    await open(`${origin}/shop#event=cpu`, wide, async (page) => {
      await ready(page);
      await page.getByLabel('difference', { exact: true }).check();
      await page.waitForURL(/difference=1/);
      assert.match((await page.locator('.key').textContent())!, /▲ grew▼ shrankshare or rate within noise/);
      await page.getByText('The picture as a table').click();
      const row = page.locator('#frame-table tbody tr', { hasText: 'RuleSet.scan' });
      assert.match((await row.textContent())!, /was 6\.2%, ▲ \+41\.9 points/);
    });
  });

  it('works by thumb: a tap shows details, a second zooms, back undoes, nothing scrolls sideways', async () => {
    await open(`${origin}/shop`, phone, async (page) => {
      await ready(page);
      await assertFits(page);
      assert.equal(await page.locator('.changed tbody tr:visible').count(), 3);
      const tap = async (): Promise<void> => {
        const { x, y } = await inPicture(page, 3, 0.5, rowHeight.phone);
        await page.touchscreen.tap(x, y);
      };
      await tap();
      assert.match(
        (await page.locator('.frame-detail.open .frame-name').textContent())!,
        /OrderController\.list$/,
      );
      assert.ok(!page.url().includes('zoom'));
      const sheet = (await page.locator('.frame-detail.open').boundingBox())!;
      assert.ok(Math.abs(sheet.y + sheet.height - 844) < 2 && sheet.width === 390);
      await tap();
      await page.waitForURL(/zoom=/);
      await assertFits(page);
      await page.goBack();
      await page.waitForURL((url) => !url.hash.includes('zoom'));
      await tap();
      await page.getByRole('button', { name: 'Callers' }).tap();
      await page.waitForURL(/view=sandwich/);
      await assertFits(page);
    });
  });

  it('keeps the scroll position on zoom, on Back, and when a phone’s address bar hides', async () => {
    const low = { width: 390, height: 500 };
    await open(`${origin}/shop`, { ...phone, viewport: low }, async (page) => {
      await ready(page);
      await page.getByLabel('difference', { exact: true }).waitFor();
      const scrolled = (): Promise<number> => page.evaluate<number>('Math.round(scrollY)');
      await page.evaluate(
        'scrollTo(0, scrollY + document.getElementById("icicle").getBoundingClientRect().top - 200)',
      );
      const there = await scrolled();
      const top = async (): Promise<number> => (await page.locator('#icicle').boundingBox())!.y;
      const topBefore = await top();
      const { x, y } = await inPicture(page, 3, 0.1, rowHeight.phone);
      await page.touchscreen.tap(x, y);
      await page.locator('.frame-detail.open').waitFor();
      await page.touchscreen.tap(x, y);
      await page.waitForURL(/zoom=/);
      assert.equal(await scrolled(), there);
      assert.equal(await top(), topBefore, 'Reset takes no row of its own');
      await page.keyboard.press('Escape');
      await page.waitForURL((url) => !url.hash.includes('zoom'));
      assert.equal(await scrolled(), there);
      await page.setViewportSize({ ...low, height: 560 });
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      assert.equal(await scrolled(), there);
    });
  });

  it('scrolls a linked tab into view on a phone, where not all fit', async () => {
    const narrow = { ...phone, viewport: { width: 320, height: 600 } };
    await open(`${origin}/shop#event=lock`, narrow, async (page) => {
      await ready(page);
      const { x, width } = (await page.getByRole('tab', { name: /^lock/, selected: true }).boundingBox())!;
      assert.ok(x >= 0 && x + width <= 320, `the tab is at ${x} px`);
    });
  });

  for (const [size, options] of [
    ['1280', wide],
    ['390', phone],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const)
      it(`has no fault that axe finds, ${size} px, ${colorScheme}`, async () => {
        await open(`${origin}/shop#event=cpu&search=get`, { ...options, colorScheme }, async (page) => {
          await ready(page);
          await page.locator('.more summary').first().click();
          await page.keyboard.press('/');
          await page.keyboard.press('Enter');
          await assertAccessible(page);
        });
      });

  it('keeps hostile names inert: hosted page, file and picture', async () => {
    const file = await fileOf('hostile.html', await renderHtml(hostileProfile(), hostileView, healthyShop()));
    for (const url of [`${origin}/hostile`, file])
      for (const options of [wide, phone])
        await open(url, options, async (page) => {
          await ready(page);
          await assertFits(page);
          await page.getByText('The picture as a table').click();
          await page.locator('#icicle').focus();
          for (let step = 0; step < 12; step += 1)
            await page.keyboard.press(step % 2 === 0 ? 'ArrowDown' : 'ArrowRight');
          await page.getByRole('button', { name: 'sandwich' }).click();
          assert.equal(
            await page.locator('img, iframe, svg, body script[src], a[href^="javascript"]').count(),
            0,
          );
          assert.doesNotMatch(await page.title(), /^(owned|1)$/);
        });
    for (const title of hostileNames.slice(0, 4)) {
      const svg = await fileOf('hostile.svg', renderSvg(hostileProfile(), { event: 'cpu', title }));
      await open(svg, wide, async (page) => {
        assert.equal(await page.evaluate('document.documentElement.localName'), 'svg');
        assert.equal(await page.locator('script, image, foreignObject').count(), 0);
        assert.doesNotMatch(await page.title(), /^(owned|1)$/);
      });
    }
  });

  it('keeps all text inside the static picture, however long title and names are', async () => {
    const endless = `com.acme.shop.${'Generated'.repeat(60)}.run`;
    const base = profileOf([{ stack: endless.replaceAll('.', '/').replace(/\/run$/, '.run'), count: 400 }]);
    const options: DifferenceSvgOptions = {
      event: 'wall',
      title:
        'HighLatency checkout: wall: 61% waiting in HikariPool.getConnection (+58 ±4 pp vs baseline Tue 14:00, same image; 0.3 → 9.1 threads), called by OrderRepository.find',
      baseLabel: `baseline ${'of long ago '.repeat(30)}`,
      changed: { grew: [], shrank: [printableName(endless)] },
    };
    base.events.wall = base.events.cpu!;
    const partial = { ...slowShop(), partial: true };
    for (const svg of [renderSvg(partial, options), renderDifferenceSvg(base, partial, options)])
      await open(await fileOf('long.svg', svg), wide, async (page) => {
        const edges = await page.evaluate<[string, number][]>(
          `[...document.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect().right])`,
        );
        assert.deepEqual(
          edges.filter(([, right]) => right > 1200),
          [],
        );
      });
  });

  it('works as one file from the disk, zoom and search included', async () => {
    const file = await fileOf('shop.html', await renderHtml(slowShop(), shopView, healthyShop()));
    await open(file, wide, async (page) => {
      await ready(page);
      const { x, y } = await inPicture(page, 3, 0.05, rowHeight.wide);
      await page.mouse.click(x, y);
      await page.waitForURL(/zoom=/);
      await page.goBack();
      await page.waitForURL((url) => !url.hash.includes('zoom'));
    });
  });

  it('opens a comparison as a difference, and lists what is gone', async () => {
    const base = slowShop();
    base.events.cpu = base.events.lock!;
    const { changedFrames } = compareProfiles(base, slowShop(), { event: 'cpu', baseLabel: 'before' });
    const comparison = { ...shopView.comparison!, changedFrames: { cpu: changedFrames } };
    const view: View = { ...shopView, event: 'cpu', comparison, opensAsDifference: true };
    const file = await fileOf('difference.html', await renderHtml(slowShop(), view, base));
    await open(file, wide, async (page) => {
      await ready(page);
      await page.getByText('▼ gone: com.acme.shop.Basket.lock (was 100%)').waitFor();
      await page.getByLabel('difference', { exact: true }).uncheck();
      await page.waitForURL(/difference=0/);
      // The other events were not compared: there is no difference to look at.
      await page.getByRole('tab', { name: 'wall' }).click();
      assert.equal(await page.getByLabel('difference', { exact: true }).isVisible(), false);
    });
  });

  it('works in the sandbox in which the one file is served', async () => {
    const text = await renderHtml(slowShop(), shopView);
    const sandboxed = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.setHeader('Content-Security-Policy', 'sandbox allow-scripts');
      response.end(text);
    });
    await new Promise<void>((resolve) => sandboxed.listen(0, '127.0.0.1', resolve));
    try {
      await open(`http://127.0.0.1:${(sandboxed.address() as AddressInfo).port}/`, wide, async (page) => {
        await ready(page);
        const { x, y } = await inPicture(page, 3, 0.05, rowHeight.wide);
        await page.mouse.click(x, y);
        await page.waitForURL(/zoom=/);
      });
    } finally {
      sandboxed.closeAllConnections();
      sandboxed.close();
    }
  });

  it('says what is wrong when the profile cannot be read', async () => {
    const context = await pages.browser.newContext(wide);
    const page = await context.newPage();
    await page.goto(`${origin}/lost`);
    await page.getByText('the server answered 404').waitFor();
    await context.close();
  });

  it('opens a profile of 100,000 stacks, usable at once', async (test) => {
    const file = await fileOf(
      'large.html',
      await renderHtml(largeProfile(100_000), { ...shopView, event: 'cpu' }),
    );
    await open(file, wide, async (page) => {
      await ready(page);
      const usable = await page.evaluate<number>('performance.now()');
      const before = await page.evaluate<number>('performance.now()');
      await page.locator('#icicle').focus();
      for (let step = 0; step < 8; step += 1) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForURL(/zoom=/);
      const zoomed = (await page.evaluate<number>('performance.now()')) - before;
      test.diagnostic(
        `usable ${usable.toFixed(0)} ms after the navigation, zoomed in ${zoomed.toFixed(0)} ms`,
      );
      // A second on an idle machine; here others may be at work, and only what is out of all proportion fails.
      assert.ok(usable < 10_000, `usable after ${usable} ms`);
    });
  });
});
