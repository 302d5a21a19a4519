import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { grafanaAnnotator } from '../../src/annotations/grafana.ts';
import { nextStep } from '../../src/profile/answer/next-steps.ts';
import { startBrowser } from '../setup/browser.ts';
import { capturing, finished } from '../given/capture.ts';
import { startGrafana } from '../grafana/grafana.ts';

// Takes docs/images/annotation.png: the tooltip of a finished capture on a panel of the stand-in, as Grafana's
// sanitiser leaves it. Run by hand: node test/pictures/annotation.ts [DIRECTORY]
const directory = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'docs', 'images');
await mkdir(directory, { recursive: true });
const grafana = await startGrafana();
const browser = await startBrowser();
try {
  const annotator = grafanaAnnotator({
    url: grafana.url,
    token: () => Promise.resolve(grafana.token),
    publicUrl: 'https://flamepin.example.com',
  });
  const startedAt = Date.now() - 22 * 60_000;
  const shown = finished(capturing({}, startedAt));
  if (shown.answer !== null) {
    // Words as an answer has them.
    shown.answer.headline =
      '61% of request time waits for a pooled connection (HikariPool.getConnection, called by OrderRepository.find); healthy: 3%';
    shown.answer.lines = [
      nextStep('pool-exhausted', 'HikariPool.getConnection', 'OrderRepository.find'),
      'HikariPool.getConnection: +58 ±4 pp vs baseline Tue 14:00; 0.30 → 9.10 threads (+8.20 to +9.40).',
    ];
  }
  const id = await annotator.finish(shown, AbortSignal.timeout(10_000));
  const page = await browser.newPage({ viewport: { width: 1130, height: 760 }, deviceScaleFactor: 2 });
  await page.goto(grafana.panelUrl('shop', 2, '1h'));
  await page.waitForSelector('body[data-ready]');
  await page.hover(`[data-annotation="${id}"]`);
  await page.screenshot({ path: join(directory, 'annotation.png') });
} finally {
  await browser.close();
  await grafana.close();
}
