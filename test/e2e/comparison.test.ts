import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { compileDemoService, startDemoService, type DemoService } from '../../demo/service.ts';
import { startBrowser } from '../setup/browser.ts';
import { captureWhen, fireForCapture, isFinal, type CaptureJson } from '../setup/flamepin-client.ts';

const windowSeconds = 15;
/** A window, a cold start and reading, on a machine that does other things too. */
const patienceMs = 90_000;
/** A JVM compiles most of what it runs within this; before, windows of the same load do differ. */
const warmUpMs = 40_000;
const token = 'only-for-this-test';

const problemSchema = z.object({ error: z.string(), message: z.string(), remedy: z.string() });

/** The same service, well, then not, then well again, as somebody on call would look at it. */
describe('a capture is compared with the workload’s past', () => {
  let shop: DemoService;
  let flamepin: RunningFlamepin;
  let browser: Browser;
  let baseline: CaptureJson;
  let regressed: CaptureJson;
  const closing = new AsyncDisposableStack();

  before(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-comparison-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    shop = await startDemoService(await compileDemoService(join(directory, 'classes')), {
      load: 80,
      work: 400,
    });
    closing.defer(() => shop.stop());
    const warm = sleep(warmUpMs);
    browser = await startBrowser();
    closing.defer(() => browser.close());
    await writeFile(join(directory, 'captures.token'), token);
    flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes:
  - matchers: ['alertname=~".*"']
    event: cpu
    duration: ${windowSeconds}s
    cooldown: 0s
    target: {host: {process: "${basename(directory)}"}}
access: {capturesTokenFile: ${join(directory, 'captures.token')}}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
    );
    closing.defer(() => flamepin.stop());
    await warm;
  });

  after(() => closing.disposeAsync());

  it('takes a baseline of a healthy workload by hand', async () => {
    baseline = await finished(await askForBaseline());
    assert.equal(baseline.state, 'done', JSON.stringify(baseline.reason));
    assert.equal(baseline.annotation.state, 'none');
  });

  it('says that nothing changed beyond noise, and what change would have been seen', async () => {
    const same = await finished(await fire('same-load'));
    assert.equal(same.partial, false, JSON.stringify(same));
    // On a busy machine the JVM's own work may differ between the windows; the application's may not.
    assert.match(
      same.headline ?? '',
      /^cpu: (nothing (in the application )?changed beyond noise|no change stands out|.*no (application )?frame stands out).* (a change under|only changes above) \d+% .*|^\d+% of CPU time is spent in (garbage collection|JIT compilation)/,
    );
    assert.match(JSON.stringify(same), /vs baseline \w{3} \d\d:\d\d/);
  });

  it('names the method that grew, with its difference to the baseline', async () => {
    await shop.switch('burn', true);
    regressed = await finished(await fire('burn'));
    assert.match(
      regressed.headline ?? '',
      /^\d+% of CPU time is spent in RuleSet\.\w+.*; healthy: \d/,
      'the guilty method, not what calls it',
    );
    assert.match(JSON.stringify(regressed), /RuleSet\.\w+: \+\d+ ±\d+ pp vs baseline .* cores/);
    assert.match(regressed.headline ?? '', /RuleSet/);
  });

  for (const width of [1280, 390])
    it(`shows on ${width} px what grew, and the picture in difference mode`, async () => {
      await onPage(`/captures/${regressed.id}`, width, async (page) => {
        const grew = page.locator('.changed td.grew').first();
        assert.match((await grew.textContent()) ?? '', /▲ \+\d/);
        assert.equal(
          await page.locator('.changed:visible h2 a').getAttribute('href'),
          `/captures/${baseline.id}`,
          'leads to the baseline',
        );
        await page.getByLabel('difference').check();
        await page.locator('.key').getByText('▲ grew').waitFor();
      });
    });

  it('takes no baseline while an alert of the workload is open', async () => {
    const refused = await finished(await askForBaseline());
    assert.deepEqual([refused.state, refused.reason?.code], ['skipped', 'workload-alerting']);
  });

  it('compares the capture after a mitigation with the one before it', async () => {
    await shop.switch('burn', false);
    const mitigated = await finished(await fire('after-mitigation'));
    await onPage(`/captures/${mitigated.id}`, 1280, async (page) => {
      await page.getByRole('link', { name: 'Compare with the previous capture' }).click();
      await page.waitForURL(`**/captures/${mitigated.id}?against=${regressed.id}`);
      assert.match(
        (await page.getByRole('heading', { level: 1 }).textContent()) ?? '',
        /, down from \d+%|less of the same work.* vs capture |less, .* in total vs capture /,
        'either a share that shrank, or all of them together: the fault repeats work that is always done',
      );
      await page.locator('.key').getByText('▼ shrank').waitFor();
    });
    const answer = z
      .looseObject({
        id: z.string(),
        headline: z.string(),
        answer: z.looseObject({ comparedWith: z.object({ captureId: z.string() }) }),
      })
      .parse(await json(`/captures/${mitigated.id}?against=${regressed.id}`, 200));
    assert.equal(answer.answer.comparedWith.captureId, regressed.id);
  });

  it('says why two captures cannot be compared', async () => {
    const unknown = problemSchema.parse(await json(`/captures/${regressed.id}?against=c-gone`, 404));
    assert.equal(unknown.error, 'capture-unknown');
    const itself = problemSchema.parse(await json(`/captures/${regressed.id}?against=${regressed.id}`, 400));
    assert.equal(itself.error, 'comparison-with-itself');
    const response = await fetch(`${flamepin.url}/captures/${regressed.id}?against=${regressed.id}`, {
      headers: { Accept: 'text/html' },
    });
    assert.match(await response.text(), /<h1>This is the same capture\.<\/h1>/);
  });

  async function askForBaseline(): Promise<string> {
    const response = await fetch(`${flamepin.url}/captures`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify({
        target: `host://${shop.pid}`,
        durationSeconds: windowSeconds,
        purpose: 'baseline',
      }),
    });
    assert.equal(response.status, 202);
    return z.object({ id: z.string() }).parse(await response.json()).id;
  }

  const fire = (fingerprint: string): Promise<string> =>
    fireForCapture(flamepin, fingerprint, { alertname: 'HighCpu', instance: `localhost:${shop.port}` });

  const finished = (id: string): Promise<CaptureJson> =>
    captureWhen(flamepin, id, 'the end', patienceMs, isFinal);

  async function json(path: string, status: number): Promise<unknown> {
    const response = await fetch(`${flamepin.url}${path}`, { headers: { Accept: 'application/json' } });
    assert.equal(response.status, status);
    return response.json();
  }

  async function onPage(path: string, width: number, look: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    try {
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      await page.goto(`${flamepin.url}${path}`);
      await page.locator('#picture canvas').first().waitFor();
      await look(page);
      assert.deepEqual(problems, []);
    } finally {
      await context.close();
    }
  }
});
