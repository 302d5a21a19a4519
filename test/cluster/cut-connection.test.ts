import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { captureId } from '../../src/captures/capture-id.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import { Failure } from '../../src/reasons/failure.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { accessCluster } from '../../src/targets/kubernetes/connection/access.ts';
import { kubernetesApi, type KubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { openDoor, type Door } from './door.ts';
import { asItWas, commandsOver, inside, type Inside } from './inside.ts';
import { shopPod } from './pods.ts';
import { startWhenFree } from './start-when-free.ts';
import { kubeconfigPath, testNamespace, type TestNamespace } from './test-namespace.ts';
import { cacheDirectory } from '../setup/cache.ts';

const profiler = asyncProfiler(null, cacheDirectory);
const signal = AbortSignal.timeout(600_000);
/** Milliseconds after the command was sent; a start takes 100 to 250. */
const moments = [15, 40, 80, 120, 180];

describe('the connection to the API server breaks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flamepin-cut-'));
  let namespace: TestNamespace;
  let door: Door;
  let fragile: KubernetesApi;
  let pod: Pod;
  let untouched: Inside;

  before(async () => {
    namespace = await testNamespace('cut');
    await namespace.create('/api/v1/namespaces/cut/pods', shopPod('shop'));
    pod = await namespace.ready('shop');
    untouched = inside(pod);
    const config = z
      .looseObject({
        clusters: z.tuple([z.looseObject({ cluster: z.looseObject({ server: z.string() }) })]),
      })
      .parse(parse(readFileSync(kubeconfigPath(), 'utf8')));
    const { hostname } = new URL(config.clusters[0].cluster.server);
    door = await openDoor('127.0.0.1', { host: hostname, port: 443 });
    config.clusters[0].cluster.server = `https://127.0.0.1:${door.port}`;
    const file = join(directory, 'kubeconfig');
    writeFileSync(file, stringify(config));
    fragile = kubernetesApi(accessCluster({ kubeconfig: file, context: null }));
  });
  after(async () => {
    await using closing = new AsyncDisposableStack();
    closing.defer(() => rmSync(directory, { recursive: true, force: true }));
    closing.use(namespace);
    closing.defer(() => door.close());
    closing.defer(() => fragile.access.close());
  });

  async function open(api: KubernetesApi): Promise<Exec> {
    const targets = podTargets(api, { protectOnlyReplica: false, requireOptIn: false });
    const labels = { namespace: 'cut', pod: 'shop' };
    return targets.open(
      await targets.resolve({ labels, startsAt: new Date().toISOString(), generatorUrl: '' }, signal),
    );
  }
  const request = (durationSeconds: number) => ({
    captureId: captureId(Date.now()),
    durationSeconds,
    process: null,
    pid: null,
  });

  for (const moment of moments)
    it(`${moment} ms into a start: the target can be cleaned, and profiled again`, async () => {
      const over = await open(fragile);
      const lost = request(2);
      const cut = sleep(moment).then(() => door.cut());
      const started = await profiler.start(over, lost, signal).then(
        () => true,
        (error: unknown) => error,
      );
      await cut;
      // It may have been quicker than the cut.
      if (started !== true) {
        assert.ok(started instanceof Failure, String(started));
        assert.match(started.code, /^exec-(?:disconnected|unavailable)$/);
      }
      // As the worker does, which knows nothing of the session but the capture's id.
      const intact = await open(namespace.api);
      await profiler.cleanUpUnknown(intact, lost.captureId, signal);
      await commandsOver(pod, untouched);
      await profiler.cleanUpUnknown(intact, lost.captureId, signal);
      const session = await startWhenFree(profiler, intact, 1, signal);
      const { partial } = await profiler.collect(intact, session, { maxBytes: 32_000_000 }, signal);
      assert.equal(partial, false);
      assert.deepEqual(await profiler.cleanUp(intact, session, signal), { left: [] });
      await asItWas(pod, untouched);
    });

  it('while the recording is fetched: it is fetched again, whole', async () => {
    for (const moment of moments) {
      const over = await open(fragile);
      const { session } = await profiler.start(over, request(1), signal);
      // The window is a second: what is fetched then is a whole recording.
      await sleep(1_500);
      const cut = sleep(moment).then(() => door.cut());
      const collect = () => profiler.collect(over, session, { maxBytes: 32_000_000 }, signal);
      // As the worker does, for a cut may come before the connection is there.
      const { recording, partial } = await collect().catch((error: unknown) => {
        if (!(error instanceof Failure && error.retryable)) throw error;
        return collect();
      });
      await cut;
      assert.equal(partial, false);
      assert.ok((readProfile(recording).events.wall?.samples.count.length ?? 0) > 0);
      assert.deepEqual(await profiler.cleanUp(over, session, signal), { left: [] });
    }
    await asItWas(pod, untouched);
  });
});
