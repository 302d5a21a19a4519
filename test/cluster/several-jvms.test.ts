import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { shopPod, switchFault } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';

const profiler = asyncProfiler(null, cacheDirectory);
const signal = AbortSignal.timeout(600_000);
const java = (main: string) => `/opt/java/bin/java -XX:+UseSerialGC -Xmx64m -Dwhich=${main} -cp /app ${main}`;

describe('two JVMs run in one container', () => {
  let namespace: TestNamespace;
  let exec: Exec;
  before(async () => {
    namespace = await testNamespace('several-jvms');
    const command = [
      'sh',
      '-c',
      `${java('com.acme.shop.ShopApplication')} --port 8081 --load 0 & exec ${java('PodApplication')}`,
    ];
    await namespace.create('/api/v1/namespaces/several-jvms/pods', shopPod('both', { command }));
    await switchFault(await namespace.ready('both'), 'burn', { strength: 1 });
    const targets = podTargets(namespace.api, { protectOnlyReplica: false, requireOptIn: false });
    const labels = { namespace: 'several-jvms', pod: 'both' };
    exec = targets.open(await targets.resolve({ labels, startsAt: '', generatorUrl: '' }, signal));
  });
  after(() => namespace[Symbol.asyncDispose]());

  for (const [what, process, main] of [
    ['the one whose command line fits the pattern', 'which=com\\.acme\\.', 'com.acme.shop.ShopApplication'],
    ['the one that is busy, where nothing says which is meant', null, 'PodApplication'],
  ] as const)
    it(`${what} is profiled`, async () => {
      const request = { captureId: captureId(Date.now()), durationSeconds: 1, process, pid: null };
      const { session } = await profiler.start(exec, request, signal);
      const { stdout } = await exec.run({
        argv: ['cat', `/proc/${session.pid}/cmdline`],
        deadlineMs: 30_000,
        maxOutputBytes: 10_000,
      });
      assert.match(stdout.toString(), new RegExp(`-Dwhich=${main}\0`));
      const { recording, partial } = await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
      assert.equal(partial, false);
      assert.ok((readProfile(recording).events.wall?.samples.count.length ?? 0) > 0);
      assert.deepEqual(await profiler.cleanUp(exec, session, signal), { left: [] });
    });
});
