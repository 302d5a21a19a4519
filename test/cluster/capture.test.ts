import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import type { Target } from '../../src/captures/target.ts';
import { javaHomes } from './images/java-homes.ts';
import { javaLine, shopPod, type ShopOptions } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';
import { cacheDirectory } from '../setup/cache.ts';

const profiler = asyncProfiler(null, cacheDirectory);
const signal = AbortSignal.timeout(600_000);

/** As Pod Security `restricted` demands it, and stricter. */
const restricted = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const variants: Record<string, ShopOptions> = {
  'a busybox shell, not root': {},
  'a glibc shell, not root': { image: 'dash' },
  root: { securityContext: { runAsUser: 0, runAsGroup: 0 } },
  'a read-only root file system and no rights, /tmp writable': { securityContext: restricted, tmp: true },
  'the JVM started by a shell': { command: ['sh', '-c', javaLine] },
  'a memory limit': { resources: { limits: { memory: '384Mi' } } },
  ...Object.fromEntries(
    javaHomes()
      .slice(1)
      .map(({ release }) => [`JDK ${release}`, { image: String(release) }]),
  ),
  'no shell': { image: 'noshell', securityContext: { ...restricted, readOnlyRootFilesystem: false } },
  'no shell and a read-only root file system': { image: 'noshell', securityContext: restricted, tmp: true },
  'no shell and a user that only the image knows': { image: 'noshell' },
};

describe('a JVM in a pod is profiled', () => {
  let namespace: TestNamespace;
  const targets = () =>
    podTargets(namespace.api, {
      protectOnlyReplica: false,
      requireOptIn: false,
      ephemeral: { image: 'localhost/flamepin-agent:1', pullPolicy: 'Never' },
    });
  before(async () => {
    namespace = await testNamespace('capture');
  });
  after(() => namespace[Symbol.asyncDispose]());

  for (const [position, [what, options]] of Object.entries(variants).entries())
    it(`with ${what}: samples come back, and the pod is as before`, async () => {
      const name = `variant-${position}`;
      await namespace.create('/api/v1/namespaces/capture/pods', shopPod(name, options));
      const before = await namespace.ready(name);
      const shell = options.image !== 'noshell';
      const target = await resolve(name);
      const exec = targets().open(target);
      const files = shell ? await listing(exec) : [];
      const processesBefore = shell ? await processes(exec) : [];

      const { session } = await profiler.start(
        exec,
        { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid: null },
        signal,
      );
      const { recording, partial } = await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
      assert.equal(partial, false);
      const profile = readProfile(recording);
      assert.ok((profile.events.wall?.samples.count.length ?? 0) > 0, 'no wall samples');
      assert.ok(
        profile.frames.name.some((frame) => frame.startsWith('com/acme/')),
        'no frames of the shop',
      );
      assert.deepEqual(await profiler.cleanUp(exec, session, signal), { left: [] });

      if (shell) assert.deepEqual(await listing(exec), files);
      const afterwards = await namespace.pod(name);
      assert.deepEqual(
        afterwards.status.containerStatuses.map(({ restartCount, containerID }) => [
          restartCount,
          containerID,
        ]),
        before.status.containerStatuses.map(({ restartCount, containerID }) => [restartCount, containerID]),
      );
      assert.deepEqual(await targets().health(target, session, signal), { alive: true });
      // A JVM that is process 1 reaps nobody: what we orphaned would hold its process id for good.
      if (shell) assert.deepEqual(await processes(exec), processesBefore);
      await namespace.remove(`/api/v1/namespaces/capture/pods/${name}`);
    });

  function resolve(pod: string): Promise<Target> {
    return targets().resolve(
      { labels: { namespace: 'capture', pod }, startsAt: new Date().toISOString(), generatorUrl: '' },
      signal,
    );
  }
});

async function output(exec: Exec, script: string): Promise<string> {
  const { stdout } = await exec.run({
    argv: ['sh', '-c', script],
    deadlineMs: 30_000,
    maxOutputBytes: 4_000_000,
  });
  return stdout.toString();
}

/** Every file of the container but the JVM's own performance data and the token, which the kubelet lays anew. */
async function listing(exec: Exec): Promise<string[]> {
  const found = await output(
    exec,
    'find / -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -type f -print -o -type d -print',
  );
  return found
    .split('\n')
    .filter((path) => !/hsperfdata|secrets\/kubernetes\.io\/serviceaccount\//.test(path))
    .sort();
}

/** Name and state of every process, but for the command that asks. */
async function processes(exec: Exec): Promise<string[]> {
  const script =
    'for f in /proc/[0-9]*/stat; do [ "$f" = "/proc/$$/stat" ] || cut -d " " -f 1-3 "$f"; done 2>/dev/null';
  const lines = (await output(exec, script))
    .split('\n')
    .filter((line) => !/\((?:cut|sh|dash)\) R/.test(line));
  return lines.map((line) => line.replace(/ [SRD]$/, ' alive')).sort();
}
