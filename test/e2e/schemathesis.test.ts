import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { cacheDirectory } from '../setup/cache.ts';
import { startSeededServe } from '../setup/seeded-serve.ts';

const setup = join(import.meta.dirname, '..', 'setup');
/** Its own limit is 75 s, after which it still shrinks what it has found. */
const deadlineMs = 240_000;

describe('the HTTP interface, tried with hundreds of requests made from its own document', () => {
  it('answers each as the document says, never with a 500, and refuses what the document forbids', async () => {
    const schemathesis = execFileSync('sh', [join(setup, 'schemathesis.sh'), cacheDirectory], {
      encoding: 'utf8',
    }).trim();
    await using cleanup = new AsyncDisposableStack();
    const seeded = await startSeededServe(30);
    cleanup.defer(() => seeded.stop());
    const { flamepin, token, directory } = seeded;
    const args = ['--config-file', join(setup, 'schemathesis.toml'), 'run', `${flamepin.url}/openapi.json`];
    const run = promisify(execFile)(schemathesis, [...args, '--no-color'], {
      cwd: directory,
      env: { ...process.env, FLAMEPIN_TOKEN: token },
      timeout: deadlineMs,
      maxBuffer: 64 * 1024 ** 2,
    });
    const { stdout, failed } = await run.then(
      (said) => ({ ...said, failed: false }),
      (error: Error & { stdout: string }) => ({ stdout: `${error.stdout}\n${error.message}`, failed: true }),
    );
    assert.ok(!failed, stdout);
    const [, selected, tested] = /Selected: (\d+)\/\d+\s+Tested: (\d+)/.exec(stdout) ?? [];
    assert.ok(Number(tested) > 20 && tested === selected, stdout);
    const [, cases] = /(\d+) generated/.exec(stdout) ?? [];
    assert.ok(Number(cases) > 100, stdout);
    assert.deepEqual(
      flamepin.log.filter(({ msg }) => msg === 'request failed'),
      [],
    );
  });
});
