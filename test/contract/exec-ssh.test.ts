import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SshClient, type ClientSettings } from '../../src/targets/ssh/client.ts';
import { sshExec } from '../../src/targets/ssh/ssh-exec.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { freePort, waitFor } from '../setup/process.ts';
import { startSshServer, type SshServer } from '../setup/sshd.ts';
import { execContract } from './exec.ts';
import { failsWith } from './profiler-session.ts';

/** Longer than a busy machine takes between two commands. */
const idleSeconds = 5;

for (const shell of ['/bin/sh', '/bin/bash'])
  execContract(`ssh, login shell ${shell}`, async () => {
    const server = await startSshServer({ shell });
    const { identityFile, knownHostsFile, port } = server;
    const client = new SshClient({ identityFile, knownHostsFile, agentSocket: null });
    return {
      exec: sshExec(client, { user: 'flamepin', host: '127.0.0.1', port }, null),
      loseTarget: () => server.stop(),
      close: async () => {
        await client.close();
        await server.stop();
      },
    };
  });

describe('commands over ssh', () => {
  let server: SshServer;
  const clients: SshClient[] = [];
  const connections = (): string[] => globSync(join(tmpdir(), 'flamepin-ssh-*', 'to-*'));
  const shared = process.env['TMPDIR'];
  before(async () => {
    server = await startSshServer();
    // Other tests keep connections too.
    process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'ssh-'));
  });
  after(async () => {
    await using closing = new AsyncDisposableStack();
    closing.defer(() => server.stop());
    closing.defer(() => {
      rmSync(tmpdir(), { recursive: true });
      if (shared === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = shared;
    });
    for (const client of clients) closing.defer(() => client.close());
  });

  const clientWith = (change: Partial<ClientSettings> = {}, idle?: number): SshClient => {
    const { identityFile, knownHostsFile } = server;
    const client = new SshClient({ identityFile, knownHostsFile, agentSocket: null, ...change }, idle);
    clients.push(client);
    return client;
  };
  const at = (change: { user?: string; host?: string; port?: number } = {}) => ({
    ...{ user: 'flamepin', host: '127.0.0.1', port: server.port },
    ...change,
  });
  const run = (exec: Exec) => exec.run({ argv: ['id', '-un'], deadlineMs: 30_000, maxOutputBytes: 1000 });

  it('go over one connection for each host, which closes once it is idle', async () => {
    const before = connections();
    const client = clientWith({}, idleSeconds);
    const accepted = (): number => server.log().split('Accepted publickey for flamepin').length - 1;
    const earlier = accepted();
    const exec = sshExec(client, at(), null);
    for (let time = 0; time < 5; time++) assert.equal((await run(exec)).stdout.toString(), 'flamepin\n');
    assert.equal(accepted() - earlier, 1);
    await waitFor('an end of the connection', 20_000, () =>
      connections().length === before.length ? true : undefined,
    );
    assert.equal((await run(exec)).stdout.toString(), 'flamepin\n');
  });

  it('leave nothing here once they are closed, neither process nor file', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('flamepin-ssh-'));
    const client = clientWith();
    await run(sshExec(client, at(), null));
    const [own] = readdirSync(tmpdir()).filter(
      (name) => name.startsWith('flamepin-ssh-') && !before.includes(name),
    );
    const directory = join(tmpdir(), own ?? '');
    assert.match(readdirSync(directory).join(' '), /^config to-[0-9a-f]{16}$/);
    await client.close();
    assert.equal(existsSync(directory), false);
    await waitFor('an end of the process', 20_000, () =>
      execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(directory) ? undefined : true,
    );
  });

  it('see nothing of our environment, which may hold secrets', async () => {
    process.env['FLAMEPIN_TEST_SECRET'] = 'secret';
    const client = clientWith({ configFile: file('send-env', 'SendEnv *\n') });
    const request = { argv: ['env'] as [string], deadlineMs: 30_000, maxOutputBytes: 100_000 };
    const { stdout } = await sshExec(client, at(), null).run(request);
    delete process.env['FLAMEPIN_TEST_SECRET'];
    assert.doesNotMatch(stdout.toString(), /secret/);
  });

  it('go through the jump host of the user’s own configuration, whose key has to be known too', async () => {
    const { configFile, directory } = server;
    const client = clientWith({ configFile });
    assert.equal((await run(sshExec(client, at({ host: 'app-1' }), null))).stdout.toString(), 'flamepin\n');
    assert.match(server.log(), /Accepted publickey for jumper/);
    const aliases = file(
      'jump-unknown',
      'Host jump\n  HostKeyAlias never-seen\n  StrictHostKeyChecking no\n',
    );
    const both = file('both', `Include ${aliases}\nInclude ${configFile}\n`);
    await failsWith(
      'exec-unavailable',
      run(sshExec(clientWith({ configFile: both }), at({ host: 'app-1' }), null)),
    );
    assert.ok(directory);
  });

  it('are refused where the key of the host is unknown or another one', async () => {
    const empty = file('no-hosts', '');
    const unknown = await failsWith(
      'host-key-unknown',
      run(sshExec(clientWith({ knownHostsFile: empty }), at(), null)),
    );
    assert.match(unknown.detail, /^127\.0\.0\.1: /);
    const forged = file(
      'forged',
      `[127.0.0.1]:${server.port} ${execFileSync('ssh-keygen', ['-yf', server.identityFile], { encoding: 'utf8' })}`,
    );
    const changed = await failsWith(
      'exec-unavailable',
      run(sshExec(clientWith({ knownHostsFile: forged }), at(), null)),
    );
    assert.match(changed.detail, /Host key verification failed/);
    const lax = file('lax', 'Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n');
    await failsWith(
      'host-key-unknown',
      run(sshExec(clientWith({ knownHostsFile: empty, configFile: lax }), at(), null)),
    );
    assert.deepEqual(execFileSync('cat', [empty]).toString(), '');
  });

  it('say in ssh’s own words why nobody could log in', async () => {
    const refused = await failsWith(
      'exec-unavailable',
      run(sshExec(clientWith(), at({ user: 'nobody-here' }), null)),
    );
    assert.match(refused.detail, /Permission denied \(publickey\)/);
    const port = await freePort();
    const known = file('known', `[127.0.0.1]:${port} ${server.hostKey}\n`);
    const away = await failsWith(
      'exec-unavailable',
      run(sshExec(clientWith({ knownHostsFile: known }), at({ port }), null)),
    );
    assert.match(away.detail, /Connection refused/);
  });

  it('are refused by an account that runs something else', async () => {
    const failure = await failsWith('exec-denied', run(sshExec(clientWith(), at({ user: 'app' }), null)));
    assert.match(failure.detail, /This account is currently not available/);
  });

  function file(name: string, text: string): string {
    const path = join(server.directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
});
