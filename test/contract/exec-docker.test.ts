import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dockerExec } from '../../src/targets/docker/docker-exec.ts';
import { Engine, type EngineSettings } from '../../src/targets/docker/engine.ts';
import { RemoteSockets } from '../../src/targets/ssh/remote-sockets.ts';
import { startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { startSshServer, type SshServer } from '../setup/sshd.ts';
import { execContract, type OpenedExec } from './exec.ts';

const unavailable = { code: 'exec-unavailable' };

/** A container of that engine, which is reached in one way or another. */
async function inContainer(engine: ContainerEngine, reached: Engine): Promise<OpenedExec> {
  const name = `c-${randomUUID()}`;
  const id = await engine.run(name, ['sleep', '1000']);
  const remove = async (): Promise<void> => {
    await engine.docker('rm', '--force', name);
  };
  return { exec: dockerExec(reached, id), loseTarget: remove, close: remove };
}

for (const kind of ['docker', 'podman'] as const)
  describe(`containers of ${kind}`, () => {
    let engine: ContainerEngine;
    before(async () => {
      engine = await startEngine(kind);
    });
    after(() => engine.stop());

    execContract(kind, () => inContainer(engine, new Engine({ name: 'local', socket: engine.socket })));
  });

describe('containers of an engine over TLS', () => {
  let engine: ContainerEngine;
  before(async () => {
    engine = await startEngine('docker', { tls: true });
  });
  after(() => engine.stop());
  const far = (): NonNullable<ContainerEngine['tls']> => engine.tls ?? assert.fail('the engine has no TLS');
  const reached = (change: Partial<NonNullable<EngineSettings['tls']>> = {}): Engine => {
    const { url, ...tls } = far();
    return new Engine({ name: 'far', url, tls: { ...tls, ...change } });
  };

  execContract('docker over TLS', () => inContainer(engine, reached()));

  it('lets nobody in who has no certificate of its authority', async () => {
    const { url } = far();
    const plain = await new Engine({ name: 'far', url }).ask('GET', '/version');
    assert.equal(plain.status, 400);
    const stranger = await mkdtemp(join(tmpdir(), 'flamepin-stranger-'));
    try {
      execFileSync('sh', [join(import.meta.dirname, '../setup/certificates.sh'), stranger]);
      const theirs = { certFile: join(stranger, 'client.pem'), keyFile: join(stranger, 'client-key.pem') };
      await assert.rejects(reached(theirs).ask('GET', '/version'), unavailable);
    } finally {
      await rm(stranger, { recursive: true });
    }
  });

  it('is refused if another authority signed the certificate of the engine', async () => {
    const { certFile } = far();
    await assert.rejects(reached({ caFile: certFile }).ask('GET', '/version'), unavailable);
  });
});

describe('containers of an engine over ssh', () => {
  let engine: ContainerEngine;
  let server: SshServer;
  let sockets: RemoteSockets;
  const closing = new AsyncDisposableStack();
  before(async () => {
    engine = await startEngine('docker');
    closing.defer(() => engine.stop());
    // What the group docker gives a user.
    chmodSync(dirname(engine.socket), 0o711);
    chmodSync(engine.socket, 0o666);
    server = await startSshServer();
    closing.defer(() => server.stop());
    const { identityFile, knownHostsFile, port } = server;
    sockets = new RemoteSockets({ user: 'flamepin', port, identityFile, knownHostsFile, agentSocket: null });
    closing.defer(() => sockets.close());
  });
  after(() => closing.disposeAsync());

  execContract('docker over ssh', () =>
    inContainer(engine, new Engine({ name: 'edge', remote: sockets.at('127.0.0.1', engine.socket) })),
  );
});
