import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { startFlamepin } from '../../demo/flamepin.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import type { Target, Targets } from '../../src/targets/target.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { captureWhen, fireForCapture, isFinal } from '../setup/flamepin-client.ts';
import { shopPod, type ShopOptions } from './pods.ts';
import { kubeconfigPath, testNamespace, type TestNamespace } from './test-namespace.ts';

const name = 'ephemeral';
const profiler = asyncProfiler(null, cacheDirectory);
const signal = AbortSignal.timeout(600_000);

/** Nobody can remove an ephemeral container from a pod again. */
describe('the ephemeral container beside a JVM without a shell', () => {
  let namespace: TestNamespace;
  before(async () => {
    namespace = await testNamespace(name);
  });
  after(() => namespace[Symbol.asyncDispose]());

  async function shop(pod: string, options: ShopOptions = {}): Promise<Target> {
    await namespace.create(`/api/v1/namespaces/${name}/pods`, shopPod(pod, { image: 'noshell', ...options }));
    await namespace.ready(pod);
    const labels = { namespace: name, pod };
    return targets().resolve({ labels, startsAt: new Date().toISOString(), generatorUrl: '' }, signal);
  }
  /** As a flamepin that has just started has them. */
  const targets = (image = 'localhost/flamepin-agent:1'): Targets =>
    podTargets(namespace.api, {
      protectOnlyReplica: false,
      requireOptIn: false,
      ephemeral: { image, pullPolicy: 'Never' },
    });
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
    const target = await shop('old', { securityContext: { runAsUser: 1000, runAsGroup: 1000 } });
    const { session } = await profiler.start(
      targets().open(target),
      { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid: null },
      signal,
    );
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 720_000 });
    try {
      const exec = targets().open(target, session);
      const { recording } = await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
      assert.ok(recording.length > 0);
      assert.deepEqual(await profiler.cleanUp(exec, session, signal), { left: [] });
    } finally {
      mock.timers.reset();
    }
    assert.equal((await added('old')).length, 1);
  });

  it('is not added only to clean up after a start of which nobody knows', async () => {
    const target = await shop('unknown');
    const exec = targets().open(target, { place: null });
    await assert.rejects(profiler.cleanUpUnknown(exec, captureId(Date.now()), signal), { code: 'no-shell' });
    assert.deepEqual(await added('unknown'), []);
  });
});
