import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { asyncProfiler } from '../../src/profiler/profiler.ts';
import { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { podTargets } from '../../src/targets/kubernetes/targets.ts';
import { onNode } from './on-node.ts';
import { shopPod, type ShopOptions } from './pods.ts';
import { startWhenFree } from './start-when-free.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';
import { cacheDirectory } from '../setup/cache.ts';

const profiler = asyncProfiler(null, cacheDirectory);
const signal = AbortSignal.timeout(600_000);
/** An emptyDir allows execution always; a volume that its driver mounts with noexec is what a pod may get. */
const noexec = '/run/flamepin-noexec';
const java = (...options: string[]) => ['/opt/java/bin/java', ...options, '-cp', '/app', 'PodApplication'];

const refused: Record<string, { options: ShopOptions; code: ReasonCode }> = {
  'a read-only /tmp': {
    options: { tmp: { readOnly: true }, securityContext: { readOnlyRootFilesystem: true } },
    code: 'tmp-not-writable',
  },
  'a /tmp that does not allow execution': {
    options: { tmp: { hostPath: noexec }, securityContext: { readOnlyRootFilesystem: true } },
    code: 'tmp-noexec',
  },
  'too little memory left under its limit': {
    options: {
      command: java('-XX:+UseSerialGC', '-Xms90m', '-Xmx90m', '-XX:+AlwaysPreTouch'),
      resources: { limits: { memory: '170Mi' } },
    },
    code: 'memory-low',
  },
  'attaching switched off': {
    options: { command: java('-Xmx64m', '-XX:+DisableAttachMechanism') },
    code: 'attach-disabled',
  },
  'SIGQUIT not caught': { options: { command: java('-Xmx64m', '-Xrs') }, code: 'sigquit-not-caught' },
  'no shell, and ephemeral containers not allowed': { options: { image: 'noshell' }, code: 'no-shell' },
};

describe('what would harm or fail is refused before anything is touched', () => {
  let namespace: TestNamespace;
  before(async () => {
    namespace = await testNamespace('refusals');
    onNode('mkdir', '-p', noexec);
    onNode('mount', '-t', 'tmpfs', '-o', 'noexec,mode=1777', 'tmpfs', noexec);
  });
  after(async () => {
    await namespace[Symbol.asyncDispose]();
    onNode('umount', '-l', noexec);
  });

  async function open(name: string, options: ShopOptions): Promise<Exec> {
    await namespace.create('/api/v1/namespaces/refusals/pods', shopPod(name, options));
    await namespace.ready(name);
    const targets = podTargets(namespace.api, { protectOnlyReplica: false, requireOptIn: false });
    const request = { labels: { namespace: 'refusals', pod: name }, startsAt: '', generatorUrl: '' };
    return targets.open(await targets.resolve(request, signal));
  }
  const start = (exec: Exec, durationSeconds = 1) =>
    profiler.start(
      exec,
      { captureId: captureId(Date.now()), durationSeconds, process: null, pid: null },
      signal,
    );

  for (const [position, [what, { options, code }]] of Object.entries(refused).entries())
    it(`${what}: ${code}`, async () => {
      const name = `refused-${position}`;
      const exec = await open(name, options);
      const error = await start(exec).catch((reason: unknown) => reason);
      assert.ok(error instanceof Failure, String(error));
      assert.equal(error.code, code, error.message);
      const { status } = await namespace.pod(name);
      assert.equal(status.containerStatuses[0]?.restartCount, 0);
      await namespace.remove(`/api/v1/namespaces/refusals/pods/${name}`);
    });

  it('a second session, while the first one still runs', async () => {
    const exec = await open('twice', {});
    const { session } = await start(exec, 60);
    const error = await start(exec).catch((reason: unknown) => reason);
    assert.ok(error instanceof Failure);
    assert.ok(['profiler-conflict', 'foreign-profiler'].includes(error.code), error.code);
    await profiler.cleanUp(exec, session, signal);
  });

  it('after flamepin has gone in the middle, the window ends by itself, the next one works, and nothing is left', async () => {
    const exec = await open('abandoned', {});
    const abandoned = captureId(Date.now());
    await profiler.start(
      exec,
      { captureId: abandoned, durationSeconds: 2, process: null, pid: null },
      signal,
    );
    // Nobody collects: the agent's own timeout ends it.
    const session = await startWhenFree(profiler, exec, 1, signal);
    const { recording } = await profiler.collect(exec, session, { maxBytes: 32_000_000 }, signal);
    assert.ok(recording.length > 0);
    await profiler.cleanUp(exec, session, signal);
    // As flamepin does when it finds a capture in its ledger that had begun.
    assert.deepEqual(await profiler.cleanUpUnknown(exec, abandoned, signal), { left: [] });
    const { stdout } = await exec.run({
      argv: ['sh', '-c', 'ls -d /tmp/*flamepin-* /tmp/.flamepin* 2>/dev/null; true'],
      deadlineMs: 10_000,
      maxOutputBytes: 10_000,
    });
    assert.equal(stdout.toString(), '');
  });
});
