import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { startFlamepin } from '../../demo/flamepin.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import type { Target, Targets } from '../../src/captures/target.ts';
import { execContract } from '../contract/exec.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { captureWhen, fireForCapture, isFinal } from '../setup/flamepin-client.ts';
import { outside } from './door.ts';
import { shopPod, switchFault, type ShopOptions } from './pods.ts';
import { kubeconfigPath, testNamespace, type TestNamespace } from './test-namespace.ts';
import type { Session } from '../../src/profiler/session.ts';

const name = 'ephemeral';
const profiler = asyncProfiler(null, cacheDirectory);
const signal = AbortSignal.timeout(600_000);
const user = { securityContext: { runAsUser: 1000, runAsGroup: 1000 } };
const agentImage = 'localhost/flamepin-agent:1';

/** As a flamepin that has just started has them. */
const targetsOf = (
  { api }: TestNamespace,
  image = agentImage,
  pullPolicy: 'Never' | 'Always' = 'Never',
): Targets =>
  podTargets(api, { protectOnlyReplica: false, requireOptIn: false, ephemeral: { image, pullPolicy } });

/** A pod of the shop that is ready, in an image without a shell. */
async function shopIn(namespace: TestNamespace, pod: string, options: ShopOptions = {}): Promise<Target> {
  const pods = `/api/v1/namespaces/${namespace.name}/pods`;
  await namespace.create(pods, shopPod(pod, { image: 'noshell', ...options }));
  await namespace.ready(pod);
  const labels = { namespace: namespace.name, pod };
  return targetsOf(namespace).resolve(
    { labels, startsAt: new Date().toISOString(), generatorUrl: '' },
    signal,
  );
}

/** Nobody can remove an ephemeral container from a pod again. */
describe('the ephemeral container beside a JVM without a shell', () => {
  let namespace: TestNamespace;
  before(async () => {
    namespace = await testNamespace(name);
  });
  after(() => namespace[Symbol.asyncDispose]());

  const shop = (pod: string, options?: ShopOptions) => shopIn(namespace, pod, options);
  const added = async (pod: string): Promise<string[]> =>
    (await namespace.pod(pod)).spec.ephemeralContainers.map((each) => each.name);

  it('is added once where its image cannot be had, however many alerts come', async () => {
    await shop('no-image');
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-ephemeral-'));
    const flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes:
  - matchers: []
    duration: 15s
    cooldown: 0s
    target:
      kubernetes:
        kubeconfig: ${kubeconfigPath()}
        ephemeral: {image: 'localhost/no-such-agent:1', pullPolicy: Never}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
    );
    try {
      for (const fingerprint of ['f1', 'f2']) {
        const id = await fireForCapture(flamepin, fingerprint, { namespace: name, pod: 'no-image' });
        const capture = await captureWhen(flamepin, id, 'the end', 60_000, isFinal);
        assert.equal(capture.reason?.code, 'ephemeral-failed');
        assert.match(capture.reason.detail ?? '', /ErrImageNeverPull/);
      }
      const names = await added('no-image');
      assert.equal(names.length, 1, names.join(' '));
    } finally {
      await flamepin.stop();
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('gives back the recording that is in it when it is too old for another capture by then', async () => {
    const target = await shop('old', user);
    const { session } = await profiler.start(
      targetsOf(namespace).open(target),
      { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid: null },
      signal,
    );
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 720_000 });
    try {
      const exec = targetsOf(namespace).open(target, session);
      const { recording } = await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
      assert.ok(recording.length > 0);
      assert.deepEqual(await profiler.cleanUp(exec, session, signal), { left: [] });
    } finally {
      mock.timers.reset();
    }
    assert.equal((await added('old')).length, 1);
  });

  it('is not added just to clean up after an unknown start', async () => {
    const target = await shop('start-unknown');
    const exec = targetsOf(namespace).open(target, { place: null });
    await assert.rejects(profiler.cleanUpUnknown(exec, captureId(Date.now()), signal), { code: 'no-shell' });
    assert.deepEqual(await added('start-unknown'), []);
  });

  it('does not hide that the JVM has too little memory left under its limit', async () => {
    const java = ['/opt/java/bin/java', '-XX:+UseSerialGC', '-Xms90m', '-Xmx90m', '-XX:+AlwaysPreTouch'];
    const target = await shop('little-memory', {
      ...user,
      command: [...java, '-cp', '/app', 'PodApplication'],
      resources: { limits: { memory: '170Mi' } },
    });
    await assert.rejects(profiled(target), { code: 'memory-low' });
  });

  it('does not hide that the JVM is kept from the processor by its limit', async () => {
    const limits = { cpu: '200m', memory: '384Mi' };
    const target = await shop('little-cpu', { ...user, resources: { limits } });
    await switchFault(await namespace.pod('little-cpu'), 'burn', { strength: 1 });
    const { before, after: later, checks } = await profiled(target);
    assert.match(checks['memory'] ?? '', /^\d+ MB are left under the limit/);
    assert.ok(before !== null && later !== null);
    assert.ok(later.throttledPeriods > before.throttledPeriods, JSON.stringify([before, later]));
    assert.ok(later.throttledMicros > before.throttledMicros);
    // Two seconds of a fifth of a processor, and not the sleep of the container beside it.
    assert.ok(later.usageMicros - before.usageMicros > 100_000, JSON.stringify([before, later]));
  });

  /** A window of two seconds, by one flamepin from its start to its end. */
  async function profiled(target: Target): Promise<{
    before: Session['cpuStat'];
    after: Session['cpuStat'];
    checks: Session['checks'];
  }> {
    const exec = targetsOf(namespace).open(target);
    const { session } = await profiler.start(
      exec,
      { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid: null },
      signal,
    );
    const { cpuStat } = await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
    await profiler.cleanUp(exec, session, signal);
    return { before: session.cpuStat, after: cpuStat, checks: session.checks };
  }

  it('is waited for no longer than a request lasts, and while its image is being pulled no other is added', async () => {
    const target = await shop('slow-image', user);
    // A registry that takes every connection and says nothing.
    const silent = new Set<Socket>();
    const registry = createServer((socket) => silent.add(socket.on('error', () => undefined)));
    registry.listen(0, outside);
    await once(registry, 'listening');
    const image = `${outside}:${(registry.address() as AddressInfo).port}/agent:1`;
    const run = (deadlineMs: number, giveUp: AbortSignal) =>
      targetsOf(namespace, image, 'Always')
        .open(target)
        .run({ argv: ['true'], deadlineMs, maxOutputBytes: 1000, signal: giveUp });
    try {
      const began = performance.now();
      await assert.rejects(run(2_500, signal), { code: 'exec-timeout' });
      await assert.rejects(run(60_000, AbortSignal.timeout(1_500)), { code: 'exec-disconnected' });
      const took = performance.now() - began;
      assert.ok(took < 20_000, `${took} ms, where the last could have taken 60 s`);
      assert.equal((await added('slow-image')).length, 1);
    } finally {
      for (const socket of silent) socket.destroy();
      registry.close();
    }
  });
});

execContract('kubernetes, beside a container without a shell', async () => {
  const namespace = await testNamespace(`${name}-${Date.now().toString(36)}`);
  const target = await shopIn(namespace, 'target', user);
  return {
    exec: targetsOf(namespace).open(target),
    loseTarget: () => namespace.remove(`/api/v1/namespaces/${namespace.name}/pods/target`),
    close: () => Promise.resolve(namespace[Symbol.asyncDispose]()),
  };
});
