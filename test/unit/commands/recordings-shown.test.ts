import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compare } from '../../../src/commands/compare.ts';
import { render } from '../../../src/commands/render.ts';
import { Failure } from '../../../src/reasons/failure.ts';

const recording = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/recordings/${name}.jfr.gz`, import.meta.url));

describe('a recording', () => {
  it('without the requested event lists the events it holds', async () => {
    await assert.rejects(
      render(recording('shop-baseline'), { event: 'nativemem', format: 'svg' }),
      (error) =>
        error instanceof Failure &&
        error.code === 'event-not-recorded' &&
        error.detail === 'no nativemem samples; it holds cpu, wall, alloc, lock',
    );
  });
});

describe('two recordings compared', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-compared-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('list their events where neither has the requested one', async () => {
    const names = [recording('shop-baseline'), recording('shop-regression')] as const;
    await assert.rejects(
      compare(...names, { event: 'nativemem', format: 'json' }),
      (error) =>
        error instanceof Failure &&
        error.code === 'event-not-recorded' &&
        error.detail.startsWith('no nativemem samples: shop-baseline.jfr.gz holds cpu, wall, alloc, lock, '),
    );
  });

  it('are refused where their samplers count different things, with which', async () => {
    const names = [recording('profiler-2.9-itimer'), recording('profiler-4.5-jfrsync')] as const;
    for (const format of ['text', 'json', 'html', 'svg'] as const)
      await assert.rejects(
        compare(...names, { format }),
        (error) =>
          error instanceof Failure &&
          error.code === 'recorded-differently' &&
          error.detail ===
            'cpu: cannot be compared, it was recorded by itimer in profiler-2.9-itimer.jfr.gz, by ctimer now',
      );
  });

  const shown = async (format: 'text' | 'json' | 'html' | 'svg'): Promise<string> => {
    const output = join(directory, format);
    await compare(recording('shop-baseline'), recording('shop-regression'), { event: 'cpu', format, output });
    return readFile(output, 'utf8');
  };

  it('give the same sentence as text, data, picture and page', async () => {
    const { headline } = JSON.parse(await shown('json')) as { headline: string };
    assert.match(headline, /^cpu: \d+% in .*Pricing\.price \(\+\d+ ±\d+ pp vs shop-baseline\.jfr\.gz; /);
    assert.equal((await shown('text')).split('\n')[0], headline);
    assert.ok((await shown('svg')).includes(`shop-regression.jfr.gz: ${headline}</title>`));
    const page = await shown('html');
    assert.equal(/<h1>(.*?)<\/h1>/s.exec(page)?.[1]?.replaceAll(/<[^>]*>/g, ''), headline);
  });

  it('also print the caveats at the terminal', async () => {
    const lines = (await shown('text')).split('\n');
    assert.match(lines[1] ?? '', /^cpu in total 0\.\d+ → 0\.\d+ cores vs shop-baseline\.jfr\.gz\.$/);
    assert.match(lines[3] ?? '', /^cpu: 0\.\d+ cores, of which \d+% application/);
  });

  it('show the same certainty on the page, and differ there in every event', async () => {
    const page = await shown('html');
    assert.doesNotMatch(page, /cannot be told from this window/);
    const changed = /data-changed="([^"]*)"/
      .exec(page)?.[1]
      ?.replaceAll('&#34;', '"')
      .replaceAll('&quot;', '"');
    assert.deepEqual(Object.keys(JSON.parse(changed ?? '') as object), ['cpu', 'wall', 'alloc', 'lock']);
  });
});
