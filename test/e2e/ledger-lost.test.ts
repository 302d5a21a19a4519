import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rename, rm, stat, truncate, unlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { notificationOf } from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';

/** A second, and what a busy machine adds to the answer. */
const noticedMs = 3_000;

describe('the ledger’s file, while flamepin runs,', { concurrency: 2 }, () => {
  let directory = '';
  const closing = new AsyncDisposableStack();
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-lost-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
  });
  after(() => closing.disposeAsync());

  async function scene(
    name: string,
  ): Promise<{ flamepin: RunningFlamepin; path: string; start: typeof begin }> {
    const home = join(directory, name);
    await mkdir(home);
    const path = join(home, 'flamepin.db');
    const begin = async (): Promise<RunningFlamepin> => {
      const flamepin = await startFlamepin(
        home,
        `server: {port: 0}
routes: [{matchers: ['service="nobody"'], target: {host: {process: "nobody"}}}]
storage: {filesystem: {directory: ${join(home, 'artifacts')}}}
ledger: {sqlite: {path: ${path}}}
`,
      );
      closing.defer(() => flamepin.stop());
      return flamepin;
    };
    return { flamepin: await begin(), path, start: begin };
  }

  const notify = async ({ url }: RunningFlamepin, fingerprint: string): Promise<number> => {
    const response = await fetch(`${url}/webhooks/alertmanager`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: notificationOf(fingerprint, {}),
      signal: AbortSignal.timeout(60_000),
    });
    await response.arrayBuffer();
    return response.status;
  };
  const ready = async ({ url }: RunningFlamepin): Promise<number> => {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(60_000) });
    await response.arrayBuffer();
    return response.status;
  };

  async function copyOver(path: string): Promise<void> {
    // As a careless restore does: the same file, other content, no smaller.
    const other = `${path}.other`;
    await copyFile(path, other);
    const { size } = await stat(path);
    await truncate(other, 0);
    await truncate(other, size);
    await copyFile(other, path);
  }

  for (const [what, harm] of [
    ['deleted', (path: string) => unlink(path)],
    ['moved away', (path: string) => rename(path, `${path}.moved`)],
    ['truncated', (path: string) => truncate(path, 0)],
    ['written over', copyOver],
    [
      'replaced',
      async (path: string) => {
        await copyFile(path, `${path}.copy`);
        await rename(`${path}.copy`, path);
      },
    ],
    ['left without its log', (path: string) => unlink(`${path}-wal`)],
    ['left with its log truncated', (path: string) => truncate(`${path}-wal`, 0)],
  ] as const)
    it(`is ${what}: nothing is acknowledged from then on, it is not ready, and the log says what to do`, async () => {
      const { flamepin, path } = await scene(what.replaceAll(' ', '-'));
      assert.equal(await notify(flamepin, 'before'), 200);
      assert.equal(await ready(flamepin), 200);
      await harm(path);
      assert.equal(await notify(flamepin, 'after'), 503, 'at once, not after a second');
      assert.equal(await ready(flamepin), 503);
      const said = await waitFor('the log', noticedMs, () =>
        flamepin.log.find(({ reason }) => reason === 'ledger-lost'),
      );
      assert.match(String(said['remedy']), /stop it before you restore/);
      assert.equal(await notify(flamepin, 'later'), 503);
    });

  it('is moved away and back: flamepin continues with everything it acknowledged', async () => {
    const { flamepin, path, start } = await scene('back');
    assert.equal(await notify(flamepin, 'before'), 200);
    await rename(path, `${path}.moved`);
    assert.equal(await notify(flamepin, 'meanwhile'), 503);
    await rename(`${path}.moved`, path);
    assert.equal(await notify(flamepin, 'again'), 200);
    assert.equal(await ready(flamepin), 200);
    await flamepin.kill();
    const next = await start();
    for (const [fingerprint, status] of [
      ['before', 200],
      ['meanwhile', 404],
      ['again', 200],
    ] as const) {
      const response = await fetch(`${next.url}/alerts/${fingerprint}`, { redirect: 'manual' });
      await response.arrayBuffer();
      assert.equal(response.status, status, fingerprint);
    }
  });

  it('is only touched: nothing happens', async () => {
    const { flamepin, path } = await scene('touched');
    assert.equal(await notify(flamepin, 'before'), 200);
    await utimes(path, new Date(), new Date());
    await utimes(`${path}-wal`, new Date(), new Date());
    assert.equal(await notify(flamepin, 'after'), 200);
    assert.equal(await ready(flamepin), 200);
  });

  it('is deleted for good: flamepin exits, and the next start creates a new one', async () => {
    const { flamepin, path, start } = await scene('ends');
    await unlink(path);
    await waitFor('the end', 180_000, () => flamepin.exitCode() ?? undefined);
    assert.equal(flamepin.exitCode(), 1);
    assert.match(flamepin.otherOutput.join('\n'), /was deleted or moved/);
    const next = await start();
    assert.equal(await notify(next, 'after'), 200);
    assert.equal(await ready(next), 200);
  });
});
