import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFlamepin } from '../../demo/flamepin.ts';
import { captureWhen, fireForCapture, isFinal } from '../setup/flamepin-client.ts';
import { shopPod } from './pods.ts';
import { kubeconfigPath, testNamespace, type TestNamespace } from './test-namespace.ts';

const name = 'ephemeral';

/** Nobody can remove an ephemeral container from a pod again. */
describe('the ephemeral container beside a JVM without a shell', () => {
  let namespace: TestNamespace;
  before(async () => {
    namespace = await testNamespace(name);
  });
  after(() => namespace[Symbol.asyncDispose]());

  async function shop(pod: string): Promise<void> {
    await namespace.create(`/api/v1/namespaces/${name}/pods`, shopPod(pod, { image: 'noshell' }));
    await namespace.ready(pod);
  }
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
});
