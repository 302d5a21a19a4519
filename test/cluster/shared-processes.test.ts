import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { shopPod } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';

describe('a pod whose containers share their processes', () => {
  let namespace: TestNamespace;
  before(async () => {
    namespace = await testNamespace('shared-processes');
    // Seventy times the requests of the container that is profiled.
    const busier = {
      name: 'busier',
      image: 'localhost/shop:17',
      imagePullPolicy: 'Never',
      command: ['/opt/java/bin/java', '-Xmx64m', '-cp', '/app', 'com.acme.shop.ShopApplication'],
      args: ['--load', '70'],
    };
    const pod = shopPod('two-jvms', { more: [busier], load: 1 });
    Object.assign(pod['spec'] as object, { shareProcessNamespace: true });
    await namespace.create('/api/v1/namespaces/shared-processes/pods', pod);
    await namespace.ready('two-jvms');
  });
  after(() => namespace[Symbol.asyncDispose]());

  for (const [container, program] of [
    ['shop', /PodApplication/],
    ['busier', /ShopApplication/],
  ] as const)
    it(`has the JVM of the chosen container profiled: ${container}`, async () => {
      const signal = AbortSignal.timeout(60_000);
      const targets = podTargets(namespace.api, { protectOnlyReplica: false, requireOptIn: false });
      const labels = { namespace: 'shared-processes', pod: 'two-jvms', container };
      const request = { labels, startsAt: new Date().toISOString(), generatorUrl: '' };
      const exec = targets.open(await targets.resolve(request, signal));
      const profiler = asyncProfiler(null, cacheDirectory);
      const start = { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid: null };
      const { session } = await profiler.start(exec, start, signal);
      assert.match(session.commandLine, program);
      await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
      assert.deepEqual(await profiler.cleanUp(exec, session, signal), { left: [] });
    });
});
