import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
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

describe('folded stacks', () => {
  const folded = 'main;läuft 10\nmain;x 3\n';
  const asFile = async (bytes: Buffer): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-folded-'));
    try {
      await writeFile(join(directory, 'stacks'), bytes);
      await render(join(directory, 'stacks'), { format: 'collapsed', output: join(directory, 'out') });
      return await readFile(join(directory, 'out'), 'utf8');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };

  for (const [how, bytes] of [
    ['gzipped', gzipSync(folded)],
    ['with a byte order mark', Buffer.from(`\ufeff${folded}`)],
    ['in UTF-16', Buffer.from(`\ufeff${folded}`, 'utf16le')],
    ['in UTF-16, big-endian', Buffer.from(`\ufeff${folded}`, 'utf16le').swap16()],
    ['in UTF-16 without a mark', Buffer.from(folded, 'utf16le')],
    ['gzipped in UTF-16', gzipSync(Buffer.from(`\ufeff${folded}`, 'utf16le'))],
  ] as const)
    it(`are read ${how}`, async () => {
      assert.equal(await asFile(bytes), folded);
    });

  for (const [how, text] of [
    ['with its header', '# captured on: Wed Aug 15 16:01:24 2018\n# nrcpus online : 4\na;b;c 3\n'],
    [
      'without',
      'java 77 [001] 12.345678:   10101 cycles:\n\tffff81 do_idle+0x1 ([kernel.kallsyms])\n\na;b 3\n',
    ],
    ['with the time alone', 'node 12345 100.0: cycles:\n\t ffff foo (/bin/x)\n\n'],
  ] as const)
    it(`are not what perf script prints, which is refused by its name: ${how}`, async () => {
      await assert.rejects(
        asFile(Buffer.from(text)),
        (error) =>
          error instanceof Failure &&
          error.code === 'file-not-a-recording' &&
          /the output of perf script; fold its stacks first/.test(error.detail),
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
    assert.match(
      headline,
      /^\d+% of CPU time is spent in .*RuleSet\.\w+, called by .*Pricing\.price; before: \d/,
    );
    assert.equal((await shown('text')).split('\n')[0], headline);
    assert.ok((await shown('svg')).includes(`shop-regression.jfr.gz: ${headline}</title>`));
    const page = await shown('html');
    assert.equal(/<h1>(.*?)<\/h1>/s.exec(page)?.[1]?.replaceAll(/<[^>]*>/g, ''), headline);
  });

  it('also print the caveats at the terminal', async () => {
    const lines = (await shown('text')).split('\n');
    assert.match(lines[1] ?? '', /^Next: look at how often .*RuleSet\.\w+ is called/);
    assert.match(lines[2] ?? '', /^.*RuleSet\.\w+: \+\d+ ±\d+ pp vs shop-baseline\.jfr\.gz; /);
    const others = lines.join('\n');
    assert.match(others, /^cpu in total 0\.\d+ → 0\.\d+ cores vs shop-baseline\.jfr\.gz\.$/m);
    assert.match(others, /^cpu: 0\.\d+ cores, of which \d+% application/m);
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
