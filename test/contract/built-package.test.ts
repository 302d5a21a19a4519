import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'node:test';
import { startFlamepin } from '../../demo/flamepin.ts';
import { builtPackage } from '../setup/built-package.ts';
import { sample, shopChunk } from '../given/shop-chunk.ts';

const clone = [process.execPath, join(import.meta.dirname, '../../bin/flamepin.js')] as const;

describe('The published package, bundled for a quick start', () => {
  let directory: string;
  let published: readonly [string, string];
  const run = ([node, bin]: readonly [string, string], ...arguments_: string[]) => {
    const { status, stdout, stderr } = spawnSync(node, [bin, ...arguments_], {
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { status, stdout, stderr };
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-package-'));
    published = await builtPackage();
    const recording = shopChunk(true, (writer) => [100, 200].forEach((at) => sample(writer, at)));
    await writeFile(join(directory, 'shop.jfr'), recording);
    await writeFile(join(directory, 'shop.jfr.gz'), gzipSync(recording));
    await writeFile(join(directory, 'shop.txt'), 'main;price 3\n');
    await writeFile(join(directory, 'nothing.jfr'), 'FLR\0, but no recording');
  });
  after(() => rm(directory, { recursive: true, force: true }));

  for (const [file, format] of [
    ['shop.jfr', 'html'],
    ['shop.jfr', 'json'],
    ['shop.jfr.gz', 'collapsed'],
    ['shop.jfr', 'grafana'],
    ['shop.jfr', 'speedscope'],
    ['shop.jfr', 'pprof'],
    ['shop.txt', 'svg'],
  ] as const)
    it(`renders ${file} as ${format} to the same bytes as a clone`, () => {
      const rendered = run(published, 'render', join(directory, file), '--format', format);
      assert.equal(rendered.stderr, '');
      assert.equal(rendered.status, 0);
      assert.deepEqual(rendered, run(clone, 'render', join(directory, file), '--format', format));
    });

  it('reports errors and remedies in the same words as a clone', () => {
    for (const [command, status] of [
      [['render', join(directory, 'nothing.jfr')], 1],
      [['render', join(directory, 'missing.jfr')], 1],
      [['compare', join(directory, 'nothing.jfr'), join(directory, 'nothing.jfr')], 1],
      [['doctor', '--config', join(directory, 'missing.yaml')], 2],
      [['rendr'], 2],
    ] as const) {
      const told = run(published, ...command);
      assert.equal(told.status, status, told.stderr);
      assert.doesNotMatch(told.stderr, /^\s+at /m);
      assert.deepEqual(told, run(clone, ...command));
    }
  });

  it('prints its version and its commands', () => {
    for (const option of ['--version', '--help'])
      assert.deepEqual(run(published, option), run(clone, option));
  });

  it('serves the same scripts and styles as a clone, byte for byte', async () => {
    const served = async (bin?: string) => {
      const home = await mkdtemp(join(directory, 'serve-'));
      await using closing = new AsyncDisposableStack();
      const flamepin = await startFlamepin(
        home,
        'mode: observe\nserver: {port: 0}\nroutes: []\n',
        process.env,
        [],
        bin,
      );
      closing.defer(() => flamepin.stop());
      return await Promise.all(
        ['/page.js', '/page.css', '/follow.js', '/control.js', '/site.css', '/icon.svg'].map(async (path) => {
          const response = await fetch(flamepin.url + path, { signal: AbortSignal.timeout(10_000) });
          assert.equal(response.status, 200, path);
          return response.text();
        }),
      );
    };
    assert.deepEqual(await served(published[1]), await served());
  });
});
