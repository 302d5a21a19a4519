import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { recordingView } from '../../src/commands/render.ts';
import { renderHtml } from '../../src/flamegraph/html.ts';
import { startBrowser } from '../setup/browser.ts';
import { startSeededPages } from '../setup/seeded-pages.ts';
import { largeProfile } from '../given/large-profile.ts';
import { builtPackage } from '../setup/built-package.ts';
import { demoRecording } from './demo-recording.ts';
import { askedPairs, inRounds, printTable, type Measured } from './measure.ts';

/**
 * How long a page takes from its address to being usable, in Chromium, from a file: the picture is drawn and the
 * next frame painted. flamepin's page for a recording (all events), async-profiler's own for the same recording (cpu
 * alone), and flamepin's page for 100,000 stacks, from a file and from flamepin.
 */
const pairs = askedPairs(10);
const patienceMs = 60_000;

await using cleanup = new AsyncDisposableStack();
const scratch = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
cleanup.defer(() => rm(scratch, { recursive: true, force: true }));
const recording = await demoRecording();
const files = ['flamepin.html', 'async-profiler.html', 'large.html'].map((name) => join(scratch, name));
const [ours = '', theirs = '', large = ''] = files;

const [node, bin] = await builtPackage();
execFileSync(node, [bin, 'render', recording, '--format', 'html', '--output', ours]);
const converter = execFileSync('sh', [join(import.meta.dirname, '../setup/jfrconv.sh')], {
  encoding: 'utf8',
}).trim();
execFileSync('java', ['-jar', converter, '--cpu', '-o', 'html', recording, theirs], { stdio: 'ignore' });
const profile = largeProfile(100_000);
await writeFile(large, await renderHtml(profile, recordingView(profile, 'cpu', '100,000 stacks')));

const hosted = await startSeededPages(2, profile);
cleanup.defer(() => hosted.stop());
const browser = await startBrowser();
cleanup.defer(() => browser.close());

/** `drawn`: what is found in the page once its picture is there; async-profiler's draws before its load event. */
async function open(address: string, drawn: string): Promise<Measured> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(address, { waitUntil: 'load', timeout: patienceMs });
    await page.locator(drawn).waitFor({ state: 'attached', timeout: patienceMs });
    // Two frames on, what was drawn has been painted. The page's own clock began with the navigation.
    const script =
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))';
    return { 'usable after, ms': await page.evaluate<number>(script) };
  } finally {
    await context.close();
  }
}

const ready = 'html[data-ready=yes]';
const contenders = [
  {
    name: 'flamepin',
    run: () => open(pathToFileURL(ours).href, ready),
  },
  {
    name: 'async-profiler html',
    run: () => open(pathToFileURL(theirs).href, 'html'),
  },
  {
    name: 'flamepin, 100,000 stacks',
    run: () => open(pathToFileURL(large).href, ready),
  },
  {
    name: 'flamepin, hosted, 100,000 stacks',
    run: () => open(hosted.url + hosted.paths.done, ready),
  },
];
// Once for nothing: the browser's own start is no page's fault.
for (const { run } of contenders) await run();
printTable('Page open', contenders, await inRounds(pairs, contenders));
