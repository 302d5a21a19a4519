import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { captureWhen, fireForCapture, isProfiled } from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';
import { startSshServer, type SshServer } from '../setup/sshd.ts';

const windowSeconds = 15;
/** A window, a start and what a busy machine adds. */
const patienceMs = 90_000;

describe('an alert about a container on another host, whose engine is reached over ssh', () => {
  let directory = '';
  let engine: ContainerEngine;
  let server: SshServer;
  const closing = new AsyncDisposableStack();
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-docker-ssh-e2e-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    engine = await startEngine('docker');
    closing.defer(() => engine.stop());
    // What the group docker gives a user.
    chmodSync(dirname(engine.socket), 0o711);
    chmodSync(engine.socket, 0o666);
    server = await startSshServer();
    closing.defer(() => server.stop());
    await engine.runJvm('checkout');
  });
  after(() => closing.disposeAsync());

  const start = async (): Promise<RunningFlamepin> => {
    const flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes: [{matchers: [], duration: ${windowSeconds}s, cooldown: 1s, event: cpu, target: {docker: {}}}]
targets:
  docker: {engines: {edge: {ssh: "flamepin@app-1:${server.port}", socket: ${engine.socket}}}}
  ssh: {identityFile: ${server.identityFile}, knownHostsFile: ${server.knownHostsFile}, configFile: ${server.configFile}}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
    );
    closing.defer(() => flamepin.stop());
    return flamepin;
  };
  /** Files in the container's /tmp but the JVM's own. */
  const left = async (): Promise<string[]> =>
    (await engine.docker('exec', 'checkout', 'ls', '-A', '/tmp'))
      .split('\n')
      .filter((name) => name !== '' && !name.startsWith('hsperfdata_') && !name.startsWith('.java_pid'));
  const isClean = () =>
    waitFor('a clean container', patienceMs, async () => ((await left()).length === 0 ? true : undefined));

  it('leads to a picture, also when the connection is cut in the window', async () => {
    const flamepin = await start();
    const labels = { name: 'checkout', instance: 'app-1:8080' };
    const id = await fireForCapture(flamepin, 'a1', labels);
    await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
    server.cut();
    const capture = await captureWhen(flamepin, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.equal(capture.target?.['uri'], 'docker://edge/checkout');
    assert.equal(capture.partial, false);
    assert.match(capture.headline ?? '', /Burner/);
    await isClean();
    await flamepin.stop();
  });

  it('goes on after flamepin was killed in its window: collected once, and the container is clean', async () => {
    const first = await start();
    const id = await fireForCapture(first, 'b1', { name: 'checkout' });
    await captureWhen(first, id, 'the first sample', patienceMs, isProfiled);
    await first.kill();
    assert.notDeepEqual(await left(), []);

    const second = await start();
    const capture = await captureWhen(second, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.equal(capture.partial, false);
    await isClean();
    await second.stop();
  });

  it('can be profiled by hand', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        join(import.meta.dirname, '../../bin/flamepin.js'),
        ...['capture', 'docker://edge/checkout', '--event=cpu', `--duration=${windowSeconds}s`],
        ...[`--config=${join(directory, 'flamepin.yaml')}`, `--output=${join(directory, 'by-hand')}`],
      ],
      { timeout: patienceMs },
    );
    assert.match(stdout, /Burner/);
    assert.deepEqual(await left(), []);
  });
});
