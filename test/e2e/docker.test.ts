import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { cleanUpScript } from '../../src/profiler/script.ts';
import { toolsDirectory } from '../contract/profiler-session.ts';
import { imageRoot, startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { captureWhen, fire, fireForCapture, isProfiled } from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';

const windowSeconds = 15;
const explainedSchema = z.looseObject({
  outcome: z.string(),
  finding: z.looseObject({ result: z.string() }),
  target: z.looseObject({ uri: z.string().nullable() }),
  asked: z.array(z.looseObject({ method: z.string(), url: z.string() })),
});
/** A window, a start and what a busy machine adds. */
const patienceMs = 60_000;

describe('an alert about a container', () => {
  let directory = '';
  let engine: ContainerEngine;
  const closing = new AsyncDisposableStack();
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-docker-e2e-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    engine = await startEngine('docker');
    closing.defer(() => engine.stop());
  });
  after(() => closing.disposeAsync());

  const start = async (socket = engine.socket): Promise<RunningFlamepin> => {
    const flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes: [{matchers: [], duration: ${windowSeconds}s, event: cpu, target: {docker: {}}}]
targets: {docker: {engines: {local: {socket: ${socket}}}, secondContainer: {image: 'flamepin-agent:test'}}}
limits: {perNode: 4}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
    );
    closing.defer(() => flamepin.stop());
    return flamepin;
  };

  /** What `explain` says of an alert with these labels, by the same configuration. */
  const explained = async (...labels: string[]): Promise<z.infer<typeof explainedSchema>> => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, '../../bin/flamepin.js'),
      'explain',
      '--json',
      `--config=${join(directory, 'flamepin.yaml')}`,
      ...labels.flatMap((label) => ['--label', label]),
    ]);
    const [told] = z.array(explainedSchema).parse(JSON.parse(stdout));
    assert.ok(told);
    return told;
  };

  /** Files in the container's /tmp but the JVM's own. */
  const leftIn = async (container: string): Promise<string[]> =>
    (await engine.docker('exec', container, 'ls', '-A', '/tmp'))
      .split('\n')
      .filter((name) => name !== '' && !name.startsWith('hsperfdata_') && !name.startsWith('.java_pid'));

  it('of a Compose service leads to a picture of its JVM, and leaves the container clean', async () => {
    const labels = [
      '--label',
      'com.docker.compose.project=shop',
      '--label',
      'com.docker.compose.service=checkout',
    ];
    await engine.runJvm('shop_checkout_1', { options: labels });
    const flamepin = await start();
    const foretold = await explained(
      'container_label_com_docker_compose_project=shop',
      'container_label_com_docker_compose_service=checkout',
    );
    const id = await fireForCapture(flamepin, 'a1', {
      container_label_com_docker_compose_project: 'shop',
      container_label_com_docker_compose_service: 'checkout',
    });
    const capture = await captureWhen(flamepin, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.equal(capture.target?.name, 'shop_checkout_1');
    assert.deepEqual(
      [foretold.outcome, foretold.finding.result, foretold.target.uri],
      ['queued', 'found', capture.target['uri']],
    );
    assert.ok(foretold.asked.length > 0);
    for (const { method, url } of foretold.asked)
      assert.match(`${method} ${url}`, /^GET unix:.*\/containers\/(json\?|[0-9a-f]{64}\/(json|stats))/);
    assert.match(capture.headline ?? '', /Burner/);
    assert.deepEqual(await leftIn('shop_checkout_1'), []);

    const again = await fire(flamepin, 'a2', {
      container_label_com_docker_compose_project: 'shop',
      container_label_com_docker_compose_service: 'checkout',
    });
    assert.equal(again.outcome, 'cooldown');
    await flamepin.stop();
  });

  it('goes on after flamepin was killed in its window: collected once, and the container is clean', async () => {
    await engine.runJvm('killed');
    const first = await start();
    const id = await fireForCapture(first, 'b1', { name: 'killed' });
    await captureWhen(first, id, 'the first sample', patienceMs, isProfiled);
    await first.kill();
    assert.notDeepEqual(await leftIn('killed'), []);

    const second = await start();
    const capture = await captureWhen(second, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.equal(capture.partial, false);
    await waitFor('a clean container', patienceMs, async () =>
      (await leftIn('killed')).length === 0 ? true : undefined,
    );
    await second.stop();
  });

  it('without a shell goes on after flamepin was killed in its window, and the second container is removed', async () => {
    engine.import(imageRoot('--agent', toolsDirectory()), 'flamepin-agent:test');
    await engine.runJvm('no-shell', { image: 'no-shell', options: ['--user', '1000:1000'] });
    const added = (): Promise<string> =>
      engine.docker('ps', '--all', '--filter', 'label=flamepin.io/target', '--quiet');
    const first = await start();
    const id = await fireForCapture(first, 'e1', { name: 'no-shell' });
    await captureWhen(first, id, 'the first sample', patienceMs, isProfiled);
    await first.kill();
    assert.notEqual(await added(), '');

    const second = await start();
    const capture = await captureWhen(second, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.equal(capture.partial, false);
    assert.match(capture.headline ?? '', /Burner/);
    await waitFor('an end of the second container', patienceMs, async () =>
      (await added()) === '' ? true : undefined,
    );
    await second.stop();
  });

  it('is cleaned by the next start when flamepin was killed after fetching the recording, before cleaning', async () => {
    await engine.runJvm('fetched');
    const door = await doorThatHoldsCleaning(engine.socket, join(directory, 'door.sock'));
    closing.defer(door.close);
    const first = await start(door.path);
    const id = await fireForCapture(first, 'd1', { name: 'fetched' });
    await door.held;
    await first.kill();
    assert.notDeepEqual(await leftIn('fetched'), []);

    const second = await start();
    const capture = await captureWhen(second, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.equal(capture.partial, false);
    await waitFor('a clean container', patienceMs, async () =>
      (await leftIn('fetched')).length === 0 ? true : undefined,
    );
    await second.stop();
  });

  it('that was removed in its window is reported, and blocks nothing', async () => {
    await engine.runJvm('removed');
    const flamepin = await start();
    const id = await fireForCapture(flamepin, 'c1', { name: 'removed' });
    await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
    await engine.docker('rm', '--force', 'removed');
    const capture = await captureWhen(flamepin, id, 'the end', patienceMs, ({ state }) =>
      ['failed', 'skipped'].includes(state),
    );
    assert.equal(capture.reason?.code, 'target-gone');
    await flamepin.stop();
  });
});

/** Passes everything on to the engine but the command that cleans: it is kept, and nothing of that connection follows. */
async function doorThatHoldsCleaning(
  engine: string,
  path: string,
): Promise<{ path: string; held: Promise<void>; close: () => Promise<void> }> {
  const cleaning = JSON.stringify(cleanUpScript.text).slice(-200);
  const { promise: held, resolve: hold } = Promise.withResolvers<void>();
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const onward = connect({ path: engine, allowHalfOpen: true });
    sockets.push(client, onward);
    let asked = '';
    client.on('data', (data: Buffer) => {
      asked += data.toString('latin1');
      if (asked.includes(cleaning)) hold();
      else onward.write(data);
    });
    client.on('end', () => onward.end());
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
    onward.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    held,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
