import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Target } from '../../src/captures/target.ts';
import { sshTargets } from '../../src/targets/ssh/ssh.ts';
import { startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { startSshServer, type SshServer } from '../setup/sshd.ts';
import { failsWith, profiler, unlessSlow } from './profiler-session.ts';

const { signal } = new AbortController();

describe('a JVM in a container of a real engine, seen from its host over SSH', () => {
  const closing = new AsyncDisposableStack();
  let server: SshServer;
  let engine: ContainerEngine;
  let pid = 0;
  before(async () => {
    server = await startSshServer();
    closing.defer(() => server.stop());
    engine = await startEngine('docker');
    closing.defer(() => engine.stop());
    await engine.runJvm('shop');
    pid = Number(await engine.docker('inspect', '--format', '{{.State.Pid}}', 'shop'));
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /java/);
  });
  after(() => closing.disposeAsync());

  const targetsOf = (user: string): ReturnType<typeof sshTargets> => {
    const { identityFile, knownHostsFile, port } = server;
    const settings = { identityFile, knownHostsFile, port, user };
    const targets = sshTargets({ ...settings, hostLabels: [], unitLabels: [], agentSocket: null });
    closing.defer(async () => targets.close?.());
    return targets;
  };
  const byHand = (targets: ReturnType<typeof sshTargets>): Promise<Target> =>
    targets.resolve({ labels: {}, startsAt: '', generatorUrl: '', uri: `ssh://127.0.0.1/${pid}` }, signal);

  it('is refused, with the container and the target that reaches it, unless root may log in', async () => {
    const id = await engine.docker('inspect', '--format', '{{.Id}}', 'shop');
    const { detail } = await failsWith('target-kind-unsupported', byHand(targetsOf('flamepin')));
    assert.ok(
      detail.startsWith(
        `process ${pid} is in container ${id.slice(0, 12)}, which only root can enter from outside; ` +
          'a docker target reaches it through its engine, and flamepin logs in as flamepin; ',
      ),
      detail,
    );
    assert.match(detail, /with this line: flamepin ALL=\(root\) NOPASSWD: \/bin\/sh$/);
  });

  it('is profiled by root, who leaves the container clean', async () => {
    const targets = targetsOf('root');
    const target = await byHand(targets);
    const exec = targets.open(target);
    const request = { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid };
    const { session } = await unlessSlow(() => profiler().start(exec, request, signal));
    const collected = await profiler().collect(exec, session, { maxBytes: 50 * 1024 * 1024 }, signal);
    assert.equal(collected.partial, false);
    assert.ok(collected.recording.length > 2_000);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    const left = await engine.docker('exec', 'shop', 'ls', '-A', '/tmp', '/dev/shm');
    assert.doesNotMatch(left, /flamepin|asprof/);
  });
});
