import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { captureWhen, fire, fireForCapture, isProfiled } from '../setup/flamepin-client.ts';
import { leftOf } from '../setup/host-jvm.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';
import { waitFor } from '../setup/process.ts';
import { sshUsers, startSshServer, type SshServer } from '../setup/sshd.ts';

const windowSeconds = 15;
/** Other tests' JVMs run on this machine too. */
const mark = `-Dflamepin.test=ssh-${process.pid}`;
/** A window, a start and what a busy machine adds. */
const patienceMs = 90_000;

describe('an alert about a JVM on another host', () => {
  let directory = '';
  let server: SshServer;
  /** Of another user than the one who logs in. */
  let jvm: Jvm;
  const closing = new AsyncDisposableStack();
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-ssh-e2e-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    server = await startSshServer({ sudoers: 'flamepin ALL=(app) NOPASSWD: /bin/sh' });
    closing.defer(() => server.stop());
    const burner = compileBurner();
    closing.defer(burner.remove);
    const id = sshUsers.app;
    const prefix = [...server.inside, 'setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];
    jvm = await startBurner(burner.classes, { prefix, flags: [mark] });
    closing.defer(() => jvm.stop('SIGKILL'));
  });
  after(() => closing.disposeAsync());

  const start = async (): Promise<RunningFlamepin> => {
    const flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes: [{matchers: [], duration: ${windowSeconds}s, cooldown: 1s, event: cpu, target: {ssh: {process: "${mark}"}}}]
targets: {ssh: {user: flamepin, port: ${server.port}, identityFile: ${server.identityFile}, knownHostsFile: ${server.knownHostsFile}, hosts: ['127[.]0[.]0[.]1', 'app-[0-9]+'], configFile: ${server.configFile}}}
limits: {perNode: 4}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
      // Where its ssh keeps the sockets of its connections.
      { ...process.env, TMPDIR: directory },
    );
    closing.defer(() => flamepin.stop());
    return flamepin;
  };
  const loginsOf = (user: string): number => server.log().split(`Accepted publickey for ${user}`).length;
  /** Sockets of the connections that ssh keeps for flamepin. */
  const connections = (): string[] => globSync(join(directory, 'flamepin-ssh-*', 'to-*'));
  const isClean = async (pid: number, id: string): Promise<void> => {
    await waitFor(
      'a clean host',
      patienceMs,
      () => (leftOf(pid, id).length === 0 ? true : undefined),
      () => leftOf(pid, id).join('\n'),
    );
  };

  it('leads to a picture of it, through a jump host and sudo, and leaves the host clean', async () => {
    const flamepin = await start();
    const id = await fireForCapture(flamepin, 'a1', { nodename: 'app-1', instance: '10.0.0.7:9100' });
    const capture = await captureWhen(flamepin, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.match(capture.target?.name ?? '', new RegExp(` ${jvm.pid}$`));
    assert.match(capture.headline ?? '', /Burner/);
    await isClean(jvm.pid, id);
    assert.match(server.log(), /Accepted publickey for jumper/);

    const elsewhere = await fire(flamepin, 'a2', { instance: 'db-1:9100' });
    assert.equal(elsewhere.outcome, 'not-here');
    assert.match(elsewhere.reason?.detail ?? '', /targets\.ssh\.hosts has no db-1/);
    assert.notDeepEqual(connections(), []);
    await flamepin.stop();
    assert.deepEqual(connections(), []);
  });

  it('goes on when the connection is cut in its window: collected whole, and the host is clean', async () => {
    const flamepin = await start();
    const id = await fireForCapture(flamepin, 'b1', { nodename: 'app-1' });
    await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
    const logins = loginsOf('flamepin');
    server.cut();
    const capture = await captureWhen(flamepin, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.equal(capture.partial, false);
    assert.ok(loginsOf('flamepin') > logins);
    await isClean(jvm.pid, id);
    await flamepin.stop();
  });

  it('goes on after flamepin was killed in its window: collected once, and the host is clean', async () => {
    const first = await start();
    const id = await fireForCapture(first, 'c1', { nodename: 'app-1' });
    await captureWhen(first, id, 'the first sample', patienceMs, isProfiled);
    await first.kill();
    assert.notDeepEqual(leftOf(jvm.pid, id), []);

    const second = await start();
    const capture = await captureWhen(second, id, 'the end', patienceMs, ({ state }) => state === 'done');
    assert.equal(capture.partial, false);
    await isClean(jvm.pid, id);
    await second.stop();
  });
});
