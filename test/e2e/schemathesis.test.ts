import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { cacheDirectory } from '../setup/cache.ts';
import { waitFor } from '../setup/process.ts';
import { startSeededServe } from '../setup/seeded-serve.ts';

const setup = join(import.meta.dirname, '..', 'setup');
/** Its own limit is 75 s, after which it still shrinks what it has found. */
const deadlineMs = 240_000;

describe('the HTTP interface, tried with hundreds of requests generated from its OpenAPI document', () => {
  it('reaches no process of this machine, whatever target it asks for', async () => {
    await using cleanup = new AsyncDisposableStack();
    const seeded = await startSeededServe(0);
    cleanup.defer(() => seeded.stop());
    const { flamepin, token } = seeded;
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ target: `host://${process.pid}` });
    const response = await fetch(`${flamepin.url}/captures`, { method: 'POST', headers, body });
    const { path } = z.object({ path: z.string() }).parse(await response.json());
    const capture = z.object({ reason: z.object({ code: z.string(), detail: z.string() }) });
    const ended = await waitFor('the capture to end', 60_000, async () => {
      const json = await fetch(flamepin.url + path, { headers: { Accept: 'application/json' } });
      return capture.safeParse(await json.json()).data;
    });
    assert.deepEqual(ended.reason, {
      code: 'target-not-found',
      detail: `there is no process ${process.pid}`,
    });
  });

  it('answers as documented, never with a 500, and refuses what the document forbids', async () => {
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
