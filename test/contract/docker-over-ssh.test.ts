import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Target } from '../../src/captures/target.ts';
import type { ClientSettings } from '../../src/targets/ssh/client.ts';
import { dockerTargets } from '../../src/targets/docker/docker.ts';
import { RemoteSockets } from '../../src/targets/ssh/remote-sockets.ts';
import { startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { waitFor } from '../setup/process.ts';
import { startSshServer, type SshServer } from '../setup/sshd.ts';
import { failsWith } from './profiler-session.ts';

const { signal } = new AbortController();

describe('engines over ssh', () => {
  let engine: ContainerEngine;
  let server: SshServer;
  const closing = new AsyncDisposableStack();
  before(async () => {
    engine = await startEngine('docker');
    closing.defer(() => engine.stop());
    // What the group docker gives a user.
    chmodSync(dirname(engine.socket), 0o711);
    chmodSync(engine.socket, 0o666);
    server = await startSshServer();
    closing.defer(() => server.stop());
    await engine.run('web', ['sleep', '1000'], ['--network', 'bridge', '--publish', '18081:8080']);
  });
  after(() => closing.disposeAsync());

  const socketsWith = (change: Partial<ClientSettings> = {}): RemoteSockets => {
    const { identityFile, knownHostsFile, configFile } = server;
    const settings = { identityFile, knownHostsFile, configFile, agentSocket: null, user: 'flamepin' };
    const sockets = new RemoteSockets({ ...settings, ...change });
    closing.defer(() => sockets.close());
    return sockets;
  };
  /** `edge` is on `app-1`, which is this machine behind itself as jump host; `local` is the same engine here. */
  const targetsWith = (sockets = socketsWith(), path = engine.socket) =>
    dockerTargets({
      engines: [
        { name: 'local', socket: engine.socket },
        { name: 'edge', remote: sockets.at(`app-1:${server.port}`, path) },
      ],
      requireOptIn: false,
    });
  const resolve = (
    targets: ReturnType<typeof targetsWith>,
    labels: Record<string, string>,
  ): Promise<Target> =>
    targets.resolve({ labels, startsAt: '2030-01-01T00:00:00Z', generatorUrl: '' }, signal);

  it('are told apart by the machine that the alert names, else the candidates are named', async () => {
    const targets = targetsWith();
    for (const labels of [
      { name: 'web', instance: 'app-1:9100' },
      { name: 'web', instance: 'cadvisor:8080', nodename: 'app-1.example.com' },
      { instance: 'app-1:18081' },
    ])
      assert.equal((await resolve(targets, labels)).uri, 'docker://edge/web', JSON.stringify(labels));
    assert.equal((await resolve(targets, { instance: 'localhost:18081' })).uri, 'docker://local/web');
    const failure = await failsWith('target-ambiguous', resolve(targets, { name: 'web' }));
    assert.match(
      failure.detail,
      /fits local\/web, edge\/web: .* instance or nodename that names the machine$/,
    );
    assert.match(server.log(), /Accepted publickey for jumper/);
  });

  it('are named by hand', async () => {
    const uri = 'docker://edge/web';
    const target = await targetsWith().resolve({ labels: {}, startsAt: '', generatorUrl: '', uri }, signal);
    assert.equal(target.uri, uri);
    assert.equal(target.node, 'edge');
  });

  it('answer again after their connection was cut', async () => {
    const targets = targetsWith();
    const named = { name: 'web', instance: 'app-1:9100' };
    const before = server.log().split('Accepted publickey for flamepin').length;
    await Promise.all([1, 2, 3].map(() => resolve(targets, named)));
    server.cut();
    // The first to ask may be the one who notices.
    await waitFor('an answer', 30_000, () =>
      resolve(targets, named).then(
        () => true,
        () => undefined,
      ),
    );
    assert.equal(server.log().split('Accepted publickey for flamepin').length - before, 2);
  });

  it('that are away are never replaced by another with a container of that name', async () => {
    const away = targetsWith(socketsWith(), '/nowhere/docker.sock');
    await failsWith('exec-unavailable', resolve(away, { name: 'web', instance: 'app-1:9100' }));
    await failsWith('exec-unavailable', resolve(away, { name: 'only-there' }));
    const target = await resolve(away, { name: 'web' });
    assert.equal(target.uri, 'docker://local/web');
    assert.match(target.choice, /^not looked at: engine edge at its socket on app-1: /);
  });

  it('are checked by doctor, with what to do', async () => {
    const check = async (sockets?: RemoteSockets, path?: string) =>
      (await targetsWith(sockets, path).check?.(signal))?.[1];
    assert.match((await check())?.detail ?? '', /^20\..*, API 1\./);
    const none = await check(socketsWith(), '/nowhere/docker.sock');
    assert.equal(none?.ok, false);
    assert.match(none.detail, /engine edge at its socket on app-1: /);
    assert.match(none.remedy, /ssh -v app-1.*AllowStreamLocalForwarding.*group docker/);
    const refused = await check(socketsWith({ knownHostsFile: file('no-hosts', '') }));
    // The jump host is what ssh meets first.
    assert.match(refused?.detail ?? '', /Host key verification failed|Connection closed/);
    assert.notEqual(refused?.remedy, '');
  });

  it('of unknown hosts are refused', async () => {
    const sockets = socketsWith({ knownHostsFile: file('no-hosts', ''), configFile: file('plain', '') });
    const engines = [{ name: 'edge', remote: sockets.at(`127.0.0.1:${server.port}`, engine.socket) }];
    const targets = dockerTargets({ engines, requireOptIn: false });
    await failsWith('host-key-unknown', resolve(targets, { name: 'web' }));
    const [line] = (await targets.check?.(signal)) ?? [];
    assert.match(line?.remedy ?? '', /known_hosts/);
  });

  it('need a key that may forward, and nothing else', async () => {
    const narrow = await startSshServer({ keyOptions: 'restrict,port-forwarding,command="/bin/false"' });
    closing.defer(() => narrow.stop());
    const { identityFile, knownHostsFile, port } = narrow;
    const sockets = new RemoteSockets({ identityFile, knownHostsFile, agentSocket: null });
    closing.defer(() => sockets.close());
    const remote = sockets.at(`flamepin@127.0.0.1:${port}`, engine.socket);
    const targets = dockerTargets({ engines: [{ name: 'edge', remote }], requireOptIn: false });
    assert.equal((await resolve(targets, { name: 'web' })).uri, 'docker://edge/web');
  });

  function file(name: string, text: string): string {
    const path = join(server.directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
});
